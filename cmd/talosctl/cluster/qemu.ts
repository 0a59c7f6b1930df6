import { join } from "node:path";
import { defaultArguments } from "$lib/cmdline/mod.ts";
import type { NodeState } from "./state.ts";
import type { Firmware } from "./firmware.ts";
import { NODE_PORTS } from "./loopback.ts";
import { cardOptions, type ClusterNetwork, userNetwork } from "./network.ts";
import { bootFile, pluggedIn } from "./uplink.ts";
import { type UserDisk, userDiskFile } from "./user_disks.ts";

/** What a guest's instructions are executed by. */
export type Accelerator = "kvm" | "hvf" | "tcg";

/** The machine architectures that images are built for. */
export type Arch = "amd64" | "arm64";

/**
 * What is emulated where nothing runs the guest's instructions: a processor that does not execute ahead
 * and so has no Meltdown (Intel's model 28, a Bonnell), with the instructions of a Nehalem.
 */
export const EMULATED_CPU = "Nehalem,model=28";
/** Lets the kernel see that. Else each system call changes page tables, which costs ten times as much. */
export const EMULATED_ARGUMENTS: readonly string[] = ["pti=auto"];

/** What QEMU starts a machine with. */
export type QemuBoot =
  | {
    readonly kind: "kernel";
    readonly kernel: string;
    readonly initrd: string;
    readonly cmdline: string;
  }
  | { readonly kind: "iso"; readonly path: string }
  /** `image` is what the machine's disk starts as. */
  | { readonly kind: "disk"; readonly image: string }
  /** `script` is the URL of a script for iPXE. */
  | { readonly kind: "pxe"; readonly script: string };

/** Everything QEMU has to know to start a node. */
export interface QemuSpec {
  readonly node: NodeState;
  readonly arch: Arch;
  readonly accelerator: Accelerator;
  /** The node's own files: disk, console log, sockets. */
  readonly directory: string;
  readonly boot: QemuBoot;
  /** UEFI; a machine without it has a BIOS. Its variables are copied into the node's directory. */
  readonly firmware?: Firmware;
  /** Whether STATE has a disk of its own: no partition of the machine's disk is for it. */
  readonly stateDisk: boolean;
  /** Beside the node's own, in the order in which it finds them. */
  readonly userDisks: readonly UserDisk[];
  readonly network: ClusterNetwork;
  /** The directory of the switch that it is plugged into; absent where it is the only machine. */
  readonly switchDirectory?: string;
}

/** Names of the files that a node keeps in its directory. */
export const NODE_FILES = {
  console: "console.log",
  disk: "disk.raw",
  state: "state.raw",
  variables: "variables.fd",
  monitor: "monitor.sock",
  pid: "qemu.pid",
  machine: "machine.cfg",
  config: "config.yaml",
} as const;

/** The program that emulates `arch`. */
export function qemuProgram(arch: Arch): string {
  return arch === "amd64" ? "qemu-system-x86_64" : "qemu-system-aarch64";
}

/** The kernel command line of a node, which fetches its configuration from `config` where that is given. */
export function nodeCmdline(
  arch: Arch,
  { config, more = [] }: { readonly config?: string; readonly more?: readonly string[] },
): string {
  const console = arch === "amd64" ? "ttyS0" : "ttyAMA0";
  const own = defaultArguments({
    ...{ platform: "metal", consoles: [console] },
    ...(config === undefined ? {} : { config }),
  });
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
    ...firmwareArguments(spec, file("variables")),
    // A disk that can be booted is, before anything else.
    ...disk("disk", file("disk"), spec.boot.kind === "kernel" ? "" : ",bootindex=1"),
    // By its serial number the node knows what the disk is for, and makes a filesystem on it.
    ...(spec.stateDisk ? disk("state", file("state"), ",serial=STATE") : []),
    ...spec.userDisks.flatMap((_, index) =>
      // A disk with a number of its own is not taken for a blank one that will do for /var.
      disk(
        `user-${index + 1}`,
        comma(join(directory, userDiskFile(index))),
        `,serial=user-${index + 1}`,
      )
    ),
    ...(spec.boot.kind === "iso" ? cd(spec.boot.path) : []),
    ...["-uuid", node.uuid],
    ...networkArguments(spec),
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
export function machineFile({ arch, boot }: Pick<QemuSpec, "arch" | "boot">): string {
  const quoted = (text: string): string =>
    `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  return [
    "[machine]",
    `  type = ${quoted(arch === "amd64" ? "q35" : "virt")}`,
    ...boot.kind !== "kernel" ? [] : [
      `  kernel = ${quoted(boot.kernel)}`,
      `  initrd = ${quoted(boot.initrd)}`,
      `  append = ${quoted(boot.cmdline)}`,
    ],
    "",
  ].join("\n");
}

function firmwareArguments({ firmware }: QemuSpec, variables: string): string[] {
  if (firmware === undefined) return [];
  const flash = "if=pflash,format=raw";
  return [
    ...["-drive", `${flash},unit=0,readonly=on,file=${comma(firmware.code)}`],
    ...["-drive", `${flash},unit=1,file=${variables}`],
  ];
}

function networkArguments(spec: QemuSpec): string[] {
  const order = spec.boot.kind === "pxe" ? ",bootindex=2" : "";
  const { switchDirectory, network, node } = spec;
  if (switchDirectory === undefined) return alone(spec, order);
  return pluggedIn(switchDirectory, network, node, order);
}

/** The network of a machine that has it for itself. */
function alone({ node, network, boot }: QemuSpec, order: string): string[] {
  const forwards = NODE_PORTS.map((port) => `hostfwd=tcp:${node.address}:${port}-:${port}`);
  const script = boot.kind === "pxe" ? boot.script : undefined;
  return [
    ...["-netdev", userNetwork("net", network, [...forwards, ...bootFile(script)])],
    ...["-device", `virtio-net-pci,netdev=net${cardOptions(network)}${order}`],
  ];
}

function cpuArguments({ accelerator, arch }: QemuSpec): string[] {
  if (accelerator !== "tcg") return ["-accel", accelerator, "-cpu", "host"];
  const cpu = arch === "amd64" ? EMULATED_CPU : "cortex-a72";
  return ["-accel", "tcg,thread=multi", "-cpu", cpu];
}

function disk(id: string, file: string, more = ""): string[] {
  // A host that crashes takes the machine with it: waiting for its disk would gain nothing.
  const drive = `if=none,id=${id},format=raw,file=${file},discard=unmap,cache=unsafe`;
  return ["-drive", drive, "-device", `virtio-blk-pci,drive=${id}${more}`];
}

function cd(path: string): string[] {
  const drive = `if=none,id=cd,format=raw,media=cdrom,readonly=on,file=${comma(path)}`;
  return ["-drive", drive, "-device", "ide-cd,drive=cd,bootindex=2"];
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
