import { join } from "node:path";
import { flag, group, parseDurationMs, UsageError } from "$lib/cli/mod.ts";
import { checkEndpoint, parseRegistryMirror } from "$lib/config/mod.ts";
import { createCluster } from "../cluster/create.ts";
import { destroyCluster } from "../cluster/destroy.ts";
import { clusterNodeRows, clusterRows } from "../cluster/show.ts";
import { clusterDirectory, findState } from "../cluster/state.ts";
import { command, type Session } from "../session.ts";

const HOST_ARCH = Deno.build.arch === "x86_64" ? "amd64" : "arm64";

const createCommand = command({
  summary: "Creates a local QEMU based kubernetes cluster",
  flags: {
    arch: flag.string("cluster architecture", { fallback: HOST_ARCH, choices: ["amd64", "arm64"] }),
    accelerator: flag.string("what runs the guest's instructions", {
      fallback: "auto",
      choices: ["auto", "kvm", "hvf", "tcg"],
    }),
    cpus: flag.float("the share of CPUs as fraction (each container/VM)", { fallback: 2 }),
    disk: flag.int("default limit on disk size in MB (each VM)", { fallback: 6144 }),
    dnsDomain: flag.string("the dns domain to use for cluster", { fallback: "cluster.local" }),
    endpoint: flag.string("use endpoint instead of provider defaults"),
    initrdPath: flag.string("initramfs image to use", { fallback: "dist/initramfs-${ARCH}.xz" }),
    installImage: flag.string("the installer image to use"),
    kubernetesVersion: flag.string("desired kubernetes version to run"),
    masters: flag.int("the number of masters to create", { fallback: 1 }),
    memory: flag.int("the limit on memory usage in MB (each container/VM)", { fallback: 2048 }),
    registryMirror: flag.list(
      "list of registry mirrors to use in format: <registry host>=<mirror URL>",
    ),
    talosVersion: flag.string(
      "the desired Talos version to generate config for (if not set, defaults to image version)",
    ),
    vmlinuzPath: flag.string("the compressed kernel image to use", {
      fallback: "dist/vmlinuz-${ARCH}",
    }),
    wait: flag.boolean("wait for the cluster to be ready before returning", { fallback: true }),
    waitTimeout: flag.duration("timeout to wait for the cluster to be ready", {
      fallback: parseDurationMs("20m"),
    }),
    withDebug: flag.boolean("enable debug in Talos config to send service logs to the console"),
    withInitNode: flag.boolean("create the cluster with an init node"),
    workers: flag.int("the number of workers to create", { fallback: 0 }),
  },
  async run(flags, session: Session) {
    if (flags.masters !== 1 || flags.workers !== 0) {
      throw new UsageError("only one node can be created: use the flags --masters 1 --workers 0");
    }
    if (flags.endpoint !== "") checkEndpoint(flags.endpoint);
    const mirrors = flags.registryMirror.map(parseRegistryMirror);
    const { name, directory } = place(session);
    const arch = flags.arch === "arm64" ? "arm64" : "amd64";
    const file = (path: string): string => path.replaceAll("${ARCH}", arch);
    const { out, host, signal } = session;
    const created = await createCluster(host, {
      name,
      directory,
      arch,
      accelerator: ACCELERATORS.find((known) => known === flags.accelerator) ?? "auto",
      cpus: Math.max(1, Math.round(flags.cpus)),
      memoryMib: flags.memory,
      diskMib: flags.disk,
      kernel: file(flags.vmlinuzPath),
      initrd: file(flags.initrdPath),
      initNode: flags.withInitNode,
      config: {
        dnsDomain: flags.dnsDomain,
        debug: flags.withDebug,
        ...text("endpoint", flags.endpoint),
        ...text("installImage", flags.installImage),
        ...text("kubernetesVersion", flags.kubernetesVersion.replace(/^v/, "")),
        ...text("talosVersion", flags.talosVersion),
        ...(mirrors.length === 0 ? {} : {
          registryMirrors: Object.fromEntries(
            mirrors.map(({ host, url }) => [host, { endpoints: [url] }]),
          ),
        }),
      },
      talosconfig: await session.talosconfigPath(),
      waitMs: flags.wait ? flags.waitTimeout : 0,
      signal,
      say: (line) => out.note(line),
    });
    if (created.tag !== "") out.note(`the API answers: Talos ${created.tag}`);
    out.note(`console: ${join(directory, created.state.nodes[0]?.name ?? "", "console.log")}`);
    out.note(`context "${created.context}" is current, try: talosctl services`);
    show(session, created.state);
  },
});

const ACCELERATORS = ["kvm", "hvf", "tcg"] as const;

const showCommand = command({
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
    { names: ["create"], load: () => Promise.resolve(createCommand) },
    { names: ["destroy"], load: () => Promise.resolve(destroyCommand) },
    { names: ["show"], load: () => Promise.resolve(showCommand) },
  ],
});

/** The cluster that the group's flags name. */
function place({ globals, host }: Session): { name: string; directory: string } {
  const name = String(globals.name);
  const root = String(globals.state) || join(host.home, ".talos", "clusters");
  return { name, directory: clusterDirectory(root, name) };
}

function show({ out }: Session, state: Parameters<typeof clusterRows>[0]): void {
  out.table(clusterRows(state));
  out.write("\nNODES:\n\n");
  out.table(clusterNodeRows(state));
}

function text<K extends string>(key: K, value: string): { [P in K]?: string } {
  return value === "" ? {} : { [key]: value } as { [P in K]?: string };
}
