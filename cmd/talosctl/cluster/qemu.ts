import { join } from "node:path";
import { defaultArguments } from "$lib/cmdline/mod.ts";
import type { NodeState } from "./state.ts";
import { NODE_PORTS } from "./loopback.ts";
import { cardOptions, type ClusterNetwork, userNetwork } from "./network.ts";
import { pluggedIn } from "./uplink.ts";

/** What a guest's instructions are executed by. */
export type Accelerator = "kvm" | "hvf" | "tcg";

/** The machine architectures that images are built for. */
export type Arch = "amd64" | "arm64";

/** Everything QEMU has to know to start a node. */
export interface QemuSpec {
  readonly node: NodeState;
  readonly arch: Arch;
  readonly accelerator: Accelerator;
  /** The node's own files: disk, console log, sockets. */
  readonly directory: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly cmdline: string;
  readonly network: ClusterNetwork;
  /** The directory of the switch that it is plugged into; absent where it is the only machine. */
  readonly switchDirectory?: string;
}

/** Names of the files that a node keeps in its directory. */
export const NODE_FILES = {
  console: "console.log",
  disk: "disk.raw",
  state: "state.raw",
  monitor: "monitor.sock",
  pid: "qemu.pid",
  machine: "machine.cfg",
  config: "config.yaml",
} as const;

/** The program that emulates `arch`. */
export function qemuProgram(arch: Arch): string {
  return arch === "amd64" ? "qemu-system-x86_64" : "qemu-system-aarch64";
}

/** The kernel command line of a node that fetches its configuration from `configUrl`. */
export function nodeCmdline(arch: Arch, configUrl: string, more: readonly string[] = []): string {
  const console = arch === "amd64" ? "ttyS0" : "ttyAMA0";
  const own = defaultArguments({ platform: "metal", config: configUrl, consoles: [console] });
  return [...own, ...more].join(" ");
}

/** QEMU's command line. It goes to the background once the machine is set up. */
export function qemuArguments(spec: QemuSpec): string[] {
  const { node, directory } = spec;
  const file = (name: keyof typeof NODE_FILES): string => comma(join(directory, NODE_FILES[name]));
  return [
    ...["-name", comma(node.name)],
    ...["-readconfig", join(directory, NODE_FILES.machine)],
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    ...cpuArguments(spec),
    ...["-smp", String(node.cpus)],
    ...["-m", String(Math.round(node.memoryBytes / 2 ** 20))],
    ...disk("disk", file("disk")),
    // By its serial number the node knows what the disk is for, and makes a filesystem on it.
    ...disk("state", file("state"), ",serial=STATE"),
    ...["-uuid", node.uuid],
    ...(spec.switchDirectory === undefined
      ? alone(spec)
      : pluggedIn(spec.switchDirectory, spec.network, node)),
    ...["-device", "virtio-rng-pci"],
    ...watchdog(spec.arch),
    ...["-chardev", `file,id=console,path=${file("console")},append=on`],
    ...["-serial", "chardev:console"],
    ...["-qmp", `unix:${file("monitor")},server=on,wait=off`],
    ...["-pidfile", join(directory, NODE_FILES.pid)],
    "-daemonize",
  ];
}

/**
 * The part of the machine that goes into a file of mode 0600: every user of the host may read a
 * process' arguments, and the kernel's command line says where the configuration is to be had.
 */
export function machineFile({ arch, kernel, initrd, cmdline }: QemuSpec): string {
  const quoted = (text: string): string =>
    `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  return [
    "[machine]",
    `  type = ${quoted(arch === "amd64" ? "q35" : "virt")}`,
    `  kernel = ${quoted(kernel)}`,
    `  initrd = ${quoted(initrd)}`,
    `  append = ${quoted(cmdline)}`,
    "",
  ].join("\n");
}

/** The network of a machine that has it for itself. */
function alone({ node, network }: QemuSpec): string[] {
  const forwards = NODE_PORTS.map((port) => `hostfwd=tcp:${node.address}:${port}-:${port}`);
  return [
    ...["-netdev", userNetwork("net", network, forwards)],
    ...["-device", `virtio-net-pci,netdev=net${cardOptions(network)}`],
  ];
}

function cpuArguments({ accelerator, arch }: QemuSpec): string[] {
  if (accelerator !== "tcg") return ["-accel", accelerator, "-cpu", "host"];
  const cpu = arch === "amd64" ? "Nehalem" : "cortex-a72";
  return ["-accel", "tcg,thread=multi", "-cpu", cpu];
}

function disk(id: string, file: string, more = ""): string[] {
  // A host that crashes takes the machine with it: waiting for its disk would gain nothing.
  const drive = `if=none,id=${id},format=raw,file=${file},discard=unmap,cache=unsafe`;
  return ["-drive", drive, "-device", `virtio-blk-pci,drive=${id}${more}`];
}

function watchdog(arch: Arch): string[] {
  return arch === "amd64" ? ["-device", "i6300esb"] : [];
}

/** A comma ends a value of QEMU's options; two of them stand for one. */
function comma(value: string): string {
  return value.replaceAll(",", ",,");
}

/** What QEMU's complaint means for the user, in one sentence. */
export function qemuFault(stderr: string): string {
  if (/Could not set up host forwarding/i.test(stderr)) {
    const [, where] = /rule '?tcp:([\d.]+:\d+)/.exec(stderr) ?? [];
    const port = where === undefined ? `one of ${NODE_PORTS.join(" and ")}` : where;
    return `port ${port} is taken, end what listens there and create the cluster again`;
  }
  if (/Cannot allocate memory|cannot set up guest memory/i.test(stderr)) {
    return "the host has too little free memory: lower --memory or close something";
  }
  if (/No space left/i.test(stderr)) return "the disk is full: free some space and try again";
  return stderr.trim().split("\n").at(-1) || "it gave no reason";
}
