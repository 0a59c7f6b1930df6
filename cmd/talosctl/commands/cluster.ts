import { flag, group } from "$lib/cli/mod.ts";
import { destroyCluster } from "../cluster/destroy.ts";
import { findState } from "../cluster/state.ts";
import { command, type Session, tableCommand } from "../session.ts";
import { place, show } from "./_cluster.ts";

const showCommand = tableCommand({
  summary: "Shows info about a local provisioned kubernetes cluster",
  async run(_flags, session: Session) {
    const { name, directory } = place(session);
    const state = await findState(session.host.files, directory);
    if (!state) throw new Error(`Cannot show cluster "${name}": there is none at "${directory}"`);
    show(session, state);
  },
});

const destroyCommand = command({
  summary: "Destroys a local QEMU based kubernetes cluster",
  async run(_flags, session: Session) {
    const { name, directory } = place(session);
    const { out, host } = session;
    const found = await destroyCluster(host.files, directory, (line) => out.note(line));
    if (!found) out.note(`cluster "${name}" does not exist: nothing to destroy`);
  },
});

/** `talosctl cluster` */
export const clusterCommand = group<Session>({
  summary: "A collection of commands for managing local QEMU-based clusters",
  flags: {
    name: flag.string("the name of the cluster", { fallback: "talos-default" }),
    provisioner: flag.string("Talos cluster provisioner to use", {
      fallback: "qemu",
      choices: ["qemu"],
    }),
    state: flag.string("directory path to store cluster state", {
      shownFallback: '"~/.talos/clusters"',
    }),
  },
  children: [
    {
      names: ["create"],
      load: async () => (await import("./cluster_create.ts")).clusterCreateCommand,
    },
    { names: ["destroy"], load: () => Promise.resolve(destroyCommand) },
    { names: ["show"], load: () => Promise.resolve(showCommand) },
  ],
});
