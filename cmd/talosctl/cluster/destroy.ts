import { join } from "node:path";
import { isMap } from "yaml";
import {
  openTalosconfig,
  saveTalosconfig,
  type Talosconfig,
  useContext,
} from "$lib/talosconfig/mod.ts";
import { withoutContext as withoutKubeContext } from "$lib/kubeconfig/mod.ts";
import { readText, statIfPresent } from "../files.ts";
import type { HostFiles } from "../host.ts";
import { writeKubeconfig } from "../kubeconfig_file.ts";
import { readPid } from "./config_server.ts";
import { endProcess, startedAt } from "./process.ts";
import { NODE_FILES } from "./qemu.ts";
import { type ClusterState, type ContextPlace, findState } from "./state.ts";

/**
 * Ends a cluster's processes, takes its context out of the talosconfig and removes its directory;
 * also what a create that crashed half-way left behind. Gives false when there was nothing.
 */
export async function destroyCluster(
  files: HostFiles,
  directory: string,
  say: (line: string) => void,
): Promise<boolean> {
  if (!await statIfPresent(files, directory)) return false;
  const state = await findState(files, directory);
  for (const mark of state?.processes ?? []) await endProcess(mark);
  await endUnrecorded(files, directory, state);
  say(`stopped ${state?.nodes.map(({ name }) => name).join(", ") || "nothing that was recorded"}`);
  if (state?.talosconfig) await forgetContext(files, state.talosconfig);
  if (state?.kubeconfig) await forgetKubeContext(files, state.kubeconfig);
  await files.remove(directory, { recursive: true });
  return true;
}

/** A create that died between starting QEMU and recording it left a pid file: it names our process. */
async function endUnrecorded(
  files: HostFiles,
  directory: string,
  state: ClusterState | undefined,
): Promise<void> {
  for await (const { name, isDirectory } of files.readDir(directory)) {
    if (!isDirectory) continue;
    const node = join(directory, name);
    const pid = await readPid(join(node, NODE_FILES.pid));
    if (pid === undefined || state?.processes.some((known) => known.pid === pid)) continue;
    // The id may belong to someone else by now: only a process that has our files open is ours.
    if (!await mentions(pid, node)) continue;
    const started = await startedAt(pid);
    if (started !== undefined) await endProcess({ role: "qemu", pid, started });
  }
}

async function mentions(pid: number, text: string): Promise<boolean> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-ww", "-o", "args=", "-p", String(pid)],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).includes(text);
}

async function forgetContext(
  files: HostFiles,
  { path, context }: ContextPlace,
): Promise<void> {
  if (!await statIfPresent(files, path)) return;
  const config = await openTalosconfig(files, path);
  if (!config.find(context)) return;
  await saveTalosconfig(files, path, withoutContext(config, context));
}

async function forgetKubeContext(
  files: HostFiles,
  { path, context }: ContextPlace,
): Promise<void> {
  if (!await statIfPresent(files, path)) return;
  const before = await readText(files, path);
  const after = withoutKubeContext(before, context);
  if (after !== before) await writeKubeconfig(files, path, after);
}

/** The file without one context; when that was current, the first that is left becomes it. */
export function withoutContext(config: Talosconfig, name: string): Talosconfig {
  const left = config.edit((root) => {
    const contexts = root.get("contexts");
    if (isMap(contexts)) contexts.delete(name);
    if (root.get("context") === name) root.set("context", "");
  });
  const [first] = left.names;
  return left.current === "" && first !== undefined ? useContext(left, first) : left;
}
