/**
 * What a cluster's node is measured against: a plain script that starts the same programs with the same
 * arguments, certificates, settings and disk, on the same root filesystem, kernel and machine.
 *
 * @module
 */
import { basename, join } from "node:path";
import type { ModuleIndex } from "$lib/kmod/mod.ts";
import { buildComponents } from "../../mkimage/components/build.ts";
import { chooseComponents } from "../../mkimage/components/catalog.ts";
import { cpioArchive, type CpioEntry } from "../../mkimage/cpio.ts";
import { fetchDebian } from "../../mkimage/inputs.ts";
import { parseLock } from "../../mkimage/lock.ts";
import { findModules, indexModules, orderedFiles } from "../../mkimage/module_set.ts";
import { ALWAYS_MODULES } from "../../mkimage/modules.ts";
import type { Flavor } from "../../mkimage/packages.ts";
import { CACHE, LOCK_FILE } from "../../mkimage/paths.ts";
import { makeSquashfs } from "../../mkimage/squashfs.ts";
import { concat } from "../../mkimage/verity.ts";
import type { Cluster } from "../boot/kubernetes.ts";
import { DIST, type Node, textOf } from "../boot/node.ts";
import { say } from "../boot/served_images.ts";
import { Vm } from "../boot/vm.ts";
import { fetchBusybox } from "./_busybox.ts";
import { commandLine } from "./_timeline.ts";

const SCRIPTS = new URL("./plain_node/", import.meta.url).pathname;

/** What the script prints when etcd serves. */
export const PLAIN_ETCD_SERVES = /plain node: etcd serves/;

/** What it takes to reach the disks. */
const EARLY = ["virtio_pci", "virtio_rng", "virtio_blk", "virtio_net", "squashfs", "overlay"];

/** What pods and their network need. */
const LATER = [
  ...["crc32c_generic", "xfs", "vxlan"],
  ...["containers", "nftables", "iptables"].flatMap((purpose) => ALWAYS_MODULES[purpose] ?? []),
];

/** What the script starts beside containerd, which the image has. */
const PROGRAMS: readonly (readonly [component: string, program: string])[] = [
  ["etcd", "server"],
  ["kubelet", "kubelet"],
];

/** Directories of the recorded node that are not on its disk. */
const DIRECTORIES = ["/etc/kubernetes", "/system/secrets/kubernetes", "/system/etc/cri/hosts"];

/** Settings that the kubelet checks, and those that pods need. */
const SYSCTLS = [
  "net/ipv4/ip_forward",
  "net/ipv6/conf/all/forwarding",
  "net/bridge/bridge-nf-call-iptables",
  "net/bridge/bridge-nf-call-ip6tables",
  "vm/overcommit_memory",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/pid_max",
  "fs/inotify/max_user_instances",
  "fs/inotify/max_user_watches",
];

/** What makes a node that runs, beside its disk. */
export interface Recording {
  /** By directory, the archive that `talosctl copy` streams. */
  readonly archives: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** Arguments by program. */
  readonly args: Readonly<Record<"etcd" | "kubelet", readonly string[]>>;
  /** Other files of the script's, by name. */
  readonly texts: Readonly<Record<string, string>>;
}

/** Records a node that runs, by its API. */
export async function record({ machine }: Node): Promise<Recording> {
  const archives = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const directory of DIRECTORIES) {
    const chunks = [];
    for await (const { bytes } of machine.copy({ rootPath: directory })) chunks.push(bytes);
    archives.set(directory, concat(chunks));
  }
  const { messages } = await machine.processes({});
  const argsOf = async (name: string): Promise<string[]> => {
    const found = messages[0]?.processes.find(({ command }) => command === name);
    if (!found) throw new Error(`Cannot record the node: it runs no ${name}`);
    const text = await textOf(machine.read({ path: `/proc/${found.pid}/cmdline` }));
    return text.split("\0").slice(1, -1);
  };
  const read = (path: string) => textOf(machine.read({ path }));
  let sysctls = "";
  for (const name of SYSCTLS) sysctls += `${name} ${await read(`/proc/sys/${name}`)}`;
  return {
    archives,
    args: { etcd: await argsOf("etcd"), kubelet: await argsOf("kubelet") },
    texts: {
      sysctls,
      hostname: await read("/proc/sys/kernel/hostname"),
      "machine-id": await read("/etc/machine-id"),
    },
  };
}

/** A machine that runs the script, and the far end of its second serial line. */
export interface PlainNode {
  readonly vm: Vm;
  /** Tells the script that the API server is ready. */
  apiServerReady(): Promise<void>;
}

/** Starts the machine with the recorded node and `disk`, in `directory`, with `cluster`'s addresses. */
export async function startPlainNode(
  { node }: Pick<Cluster, "node">,
  recording: Recording,
  disk: string,
  directory: string,
): Promise<PlainNode> {
  const busybox = await fetchBusybox(directory);
  const rootfs = `${DIST}rootfs.sqsh`;
  const modules = await unpackModules(directory);
  const initrd = join(directory, "plain.cpio");
  await Deno.writeFile(initrd, await initramfs(busybox, modules));
  const payload = join(directory, "payload.sqsh");
  await makePayload(join(directory, "payload"), payload, { busybox, modules, recording });
  const line = join(directory, "line.sock");
  const vm = Vm.start({
    directory,
    kernel: `${DIST}vmlinuz-amd64`,
    initrd,
    cmdline: commandLine(await node.vm.console()),
    memoryMib: 4096,
    forwards: [{ address: node.address, port: 6443, guestPort: 6443 }],
    disks: [disk, rootfs, payload],
    args: [
      ...["-chardev", `socket,id=line,path=${line},server=on,wait=off`, "-serial", "chardev:line"],
    ],
  });
  return {
    vm,
    async apiServerReady() {
      using connection = await Deno.connect({ transport: "unix", path: line });
      await connection.write(new TextEncoder().encode("ready\n"));
    },
  };
}

/** Files of the kernel's modules, and which of them need which. */
interface Modules {
  readonly index: ModuleIndex;
  /** The directory that the index speaks of. */
  readonly directory: string;
}

/** Unpacks the kernel package that the image was built with. */
async function unpackModules(directory: string): Promise<Modules> {
  const lock = parseLock(await Deno.readTextFile(LOCK_FILE));
  const manifest = JSON.parse(await Deno.readTextFile(`${DIST}manifest.json`));
  const name = lock.kernels[manifest.flavor as Flavor];
  const [kernel] = await fetchDebian([name], lock, CACHE, directory, say);
  const found = join(kernel!.directory, "lib/modules", manifest.kernel);
  return {
    index: await indexModules(await findModules(found), [...EARLY, ...LATER], []),
    directory: found,
  };
}

/** Copies modules into `target`, with a list of their files in load order. */
async function layOutModules(target: string, files: readonly string[], from: string) {
  await Deno.mkdir(target, { recursive: true });
  for (const file of files) await Deno.copyFile(join(from, file), join(target, basename(file)));
  await Deno.writeTextFile(join(target, "order"), files.map((file) => basename(file)).join("\n"));
}

async function initramfs(
  busybox: string,
  { index, directory }: Modules,
): Promise<Uint8Array<ArrayBuffer>> {
  const entries: CpioEntry[] = [];
  for (
    const name of ["bin", "dev", "proc", "sys", "modules", "image", "payload", "layer", "root"]
  ) {
    entries.push({ type: "directory", path: `/${name}`, mode: 0o755 });
  }
  const device = { major: 5, minor: 1 };
  entries.push({ type: "device", path: "/dev/console", mode: 0o600, device });
  const file = (path: string, content: Uint8Array<ArrayBuffer>) =>
    entries.push({ type: "file", path, mode: 0o755, content });
  file("/bin/busybox", await Deno.readFile(busybox));
  file("/init", await Deno.readFile(join(SCRIPTS, "init")));
  const modules = orderedFiles(index, EARLY);
  file(
    "/modules/order",
    new TextEncoder().encode(modules.map((path) => basename(path)).join("\n")),
  );
  for (const path of modules) {
    file(`/modules/${basename(path)}`, await Deno.readFile(join(directory, path)));
  }
  return concat([...cpioArchive(entries, 0)]);
}

interface Payload {
  readonly busybox: string;
  readonly modules: Modules;
  readonly recording: Recording;
}

/** Packs what lies over the root filesystem: programs, script, and what was recorded. */
async function makePayload(root: string, output: string, payload: Payload): Promise<void> {
  const { busybox, modules, recording } = payload;
  const plain = join(root, "plain");
  await Deno.mkdir(join(plain, "files"), { recursive: true });
  await Deno.mkdir(join(plain, "bin"));
  await Deno.copyFile(busybox, join(plain, "busybox"));
  await Deno.copyFile(join(SCRIPTS, "node.sh"), join(plain, "node.sh"));
  for (const [name, program] of PROGRAMS) {
    const [component] = await buildComponents(chooseComponents([name]), CACHE, say);
    const built = component!.programs.find((one) => one.name === program);
    await Deno.copyFile(built!.path, join(plain, name));
  }
  const early = new Set(orderedFiles(modules.index, EARLY));
  const later = orderedFiles(modules.index, LATER).filter((file) => !early.has(file));
  await layOutModules(join(plain, "modules"), later, modules.directory);
  const texts: Record<string, string> = { ...recording.texts };
  for (const [program, args] of Object.entries(recording.args)) {
    texts[`${program}.args`] = args.join("\n");
  }
  for (const [name, text] of Object.entries(texts)) {
    await Deno.writeTextFile(join(plain, name), text);
  }
  for (const [number, [directory, archive]] of [...recording.archives].entries()) {
    await Deno.writeFile(join(plain, "files", `${number}.tgz`), archive);
    await Deno.writeTextFile(join(plain, "files", `${number}.path`), directory);
  }
  await makeSquashfs(root, output, 0, { args: ["-noI", "-noD", "-noF"], blockBytes: 1 << 17 });
}
