/**
 * A virtual machine of a boot test: QEMU under software emulation, its console kept and searched, its
 * monitor spoken to. Ends by its own pid only.
 *
 * @module
 */
import { join } from "node:path";
import { EMULATED_CPU } from "../../cmd/talosctl/cluster/qemu.ts";
import { tellMonitor } from "./monitor.ts";

/** A machine to start. */
export interface VmOptions {
  /** Directory for console log and monitor socket; the caller removes it. */
  readonly directory: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly cmdline: string;
  /** UEFI, which boots from the disks; the kernel above is not handed over then. */
  readonly firmware?: Firmware;
  /** URL of a script for the iPXE in QEMU's network card, which boots instead of the kernel above. */
  readonly netboot?: string;
  /** Images of CDs; with UEFI the first is booted where no disk can be. */
  readonly cds?: readonly string[];
  readonly memoryMib?: number;
  readonly cpus?: number;
  /** Loopback forwards of the user-mode network: host address and port to guest port. */
  readonly forwards?: readonly { address: string; port: number; guestPort: number }[];
  /** Raw disk images, in order /dev/vda, /dev/vdb, … */
  readonly disks?: readonly string[];
  /** More arguments for QEMU. */
  readonly args?: readonly string[];
}

/** Firmware of a virtual machine, and the file that its variables are kept in. */
export interface Firmware {
  readonly code: string;
  readonly variables: string;
}

/** How often the console is looked at, milliseconds. */
const POLL_MS = 100;

/** A running machine. */
export class Vm implements AsyncDisposable {
  readonly directory: string;
  readonly #process: Deno.ChildProcess;
  readonly ended: Promise<Deno.CommandStatus>;
  /** QEMU has ended. */
  over = false;

  private constructor(directory: string, process: Deno.ChildProcess) {
    this.directory = directory;
    this.#process = process;
    this.ended = process.status.finally(() => this.over = true);
  }

  /** Starts QEMU; it runs on until it ends by itself or is disposed. */
  static start(options: VmOptions): Vm {
    const { directory, forwards = [], disks = [], cds = [], netboot } = options;
    const network = forwards
      .map(({ address, port, guestPort }) => `,hostfwd=tcp:${address}:${port}-:${guestPort}`)
      .concat(netboot === undefined ? [] : [`,bootfile=${netboot}`])
      .join("");
    // A kernel that is handed over is what QEMU boots as number 0.
    const firstCd = 1 + disks.length;
    const card = netboot === undefined ? "" : `,bootindex=${firstCd + cds.length}`;
    const args = [
      ...["-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35"],
      ...["-accel", "tcg,thread=multi", "-cpu", EMULATED_CPU],
      ...["-smp", String(options.cpus ?? 2), "-m", String(options.memoryMib ?? 1024)],
      ...startArguments(options),
      ...["-chardev", `file,id=console,path=${join(directory, "console.log")}`],
      ...["-serial", "chardev:console"],
      ...["-qmp", `unix:${join(directory, "qmp.sock")},server=on,wait=off`],
      ...["-netdev", `user,id=net0${network}`, "-device", `virtio-net-pci,netdev=net0${card}`],
      ...["-device", "virtio-rng-pci", "-device", "i6300esb", "-action", "watchdog=reset"],
      ...disks.flatMap((
        path,
        i,
      ) => [
        "-drive",
        // What the guest wrote outlives QEMU in the host's memory: only a host that crashes loses it.
        `file=${path},format=raw,if=none,id=disk${i},cache=unsafe`,
        "-device",
        `virtio-blk-pci,drive=disk${i},bootindex=${1 + i}`,
      ]),
      ...cds.flatMap((path, i) => [
        ...["-drive", `file=${path},format=raw,if=none,id=cd${i},media=cdrom,readonly=on`],
        ...["-device", `ide-cd,drive=cd${i},bus=ide.${i},bootindex=${firstCd + i}`],
      ]),
      ...options.args ?? [],
    ];
    const process = new Deno.Command("qemu-system-x86_64", {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    return new Vm(directory, process);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** What the console showed so far. */
  async console(): Promise<string> {
    const bytes = await Deno.readFile(join(this.directory, "console.log")).catch(() => undefined);
    return new TextDecoder().decode(bytes);
  }

  /** Waits until the console shows `pattern`, in what follows offset `from`. */
  async until(pattern: RegExp, timeoutMs: number, from = 0): Promise<RegExpExecArray> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const { over } = this;
      const text = (await this.console()).slice(from);
      const match = pattern.exec(text);
      if (match) return match;
      if (over || performance.now() > deadline) {
        const tail = text.split("\n").slice(-30).join("\n");
        const when = over ? "before QEMU ended" : `after ${timeoutMs} ms`;
        throw new Error(`Cannot see ${pattern} on the console ${when}:\n${tail}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Gives one command, e.g. `system_powerdown`, to the monitor; gives what it returns. */
  async monitor(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    return await tellMonitor(join(this.directory, "qmp.sock"), command, args);
  }

  /** Waits until the machine has switched itself off; pulls the plug after `timeoutMs` and throws. */
  async off(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this[Symbol.asyncDispose](), timeoutMs);
    const { success } = await this.ended;
    clearTimeout(timer);
    if (!success) throw new Error(`Cannot see the machine switch itself off in ${timeoutMs} ms`);
  }

  /** Pulls the plug. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It ended by itself.
    }
    await this.ended;
  }
}

function startArguments({ firmware, netboot, kernel, initrd, cmdline }: VmOptions): string[] {
  if (!firmware) {
    return netboot ? [] : ["-kernel", kernel, "-initrd", initrd, "-append", cmdline];
  }
  const flash = "if=pflash,format=raw";
  return [
    ...["-drive", `${flash},unit=0,readonly=on,file=${firmware.code}`],
    ...["-drive", `${flash},unit=1,file=${firmware.variables}`],
  ];
}
