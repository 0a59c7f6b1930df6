import { join, normalize } from "node:path";
import { flag } from "$lib/cli/mod.ts";
import type { Decision } from "$lib/kubeconfig/mod.ts";
import { statIfPresent } from "../files.ts";
import {
  defaultKubeconfigPath,
  fetchKubeconfig,
  mergeIntoFile,
  renameLine,
  writeKubeconfig,
} from "../kubeconfig_file.ts";
import { command, type Session } from "../session.ts";

/** `talosctl kubeconfig` */
export const kubeconfigCommand = command({
  summary: "Download the admin kubeconfig from the node",
  description: `Download the admin kubeconfig from the node.
If merge flag is defined, config will be merged with ~/.kube/config or [local-path] if specified.
Otherwise kubeconfig will be written to PWD or [local-path] if specified.
If '-' is given for [local-path], the kubeconfig is written to stdout.`,
  args: { usage: "[local-path]", min: 0, max: 1 },
  flags: {
    force: flag.boolean(
      "Force overwrite of kubeconfig if already present, force overwrite on kubeconfig merge",
      { short: "f" },
    ),
    forceContextName: flag.string("Force context name for kubeconfig merge"),
    merge: flag.boolean("Merge with existing kubeconfig", { short: "m", fallback: true }),
  },
  async run({ force, forceContextName, merge }, session: Session, [path]) {
    const client = await session.oneNodeClient("kubeconfig");
    if (path === "-") return session.out.write(await fetchKubeconfig(client));
    const { files } = session.host;
    const target = await targetPath(session, merge, path);
    if (!merge) {
      if (!force && await statIfPresent(files, target)) {
        throw new Error(
          `kubeconfig file already exists, use --force to overwrite: "${target}"`,
        );
      }
      return await writeKubeconfig(files, target, await fetchKubeconfig(client));
    }
    const { renames } = await mergeIntoFile(files, target, await fetchKubeconfig(client), {
      contextName: forceContextName,
      onConflict: decider(session, force),
    });
    for (const rename of renames) session.out.line(renameLine(rename));
  },
});

/** The file to write; a directory stands for the file `kubeconfig` in it. */
async function targetPath({ host }: Session, merge: boolean, path?: string): Promise<string> {
  const target = normalize(path ?? (merge ? defaultKubeconfigPath(host) : "."));
  const found = await statIfPresent(host.files, target);
  return found?.isDirectory ? join(target, "kubeconfig") : target;
}

/** Overwrites by force, asks who sits at a terminal once for all of the file, else renames. */
function decider(
  { host, out }: Session,
  force: boolean,
): (subject: string) => Promise<Decision> {
  let decision: Decision | undefined = force ? "overwrite" : undefined;
  if (!host.interactive) decision ??= "rename";
  return async (subject) => {
    while (decision === undefined) {
      out.note(`${subject} already exists: rename or overwrite? [r/o]`);
      const answer = (await host.stdinLine()).trim().toLowerCase();
      if (answer === "") throw new Error(`Cannot merge ${subject}: no answer was given`);
      if ("rename".startsWith(answer)) decision = "rename";
      else if ("overwrite".startsWith(answer)) decision = "overwrite";
    }
    return decision;
  };
}
