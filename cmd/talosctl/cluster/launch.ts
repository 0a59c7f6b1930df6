import { join } from "node:path";
import { SECRET, writeWhole } from "../files.ts";
import type { Host } from "../host.ts";
import { readPid } from "./config_server.ts";
import { copyDisk, makeDisk } from "./disks.ts";
import type { HostOrder, HostPorts } from "./host_order.ts";
import { markProcess, type ProcessMark } from "./process.ts";
import {
  type Arch,
  machineFile,
  NODE_FILES,
  qemuArguments,
  qemuFault,
  qemuProgram,
  type QemuSpec,
} from "./qemu.ts";
import { type Uplink, uplinkArguments } from "./uplink.ts";
import { userDiskBytes, userDiskFile } from "./user_disks.ts";

/** The process beside the machines, which has said where it listens. */
export interface HostProcess extends HostPorts {
  readonly mark: ProcessMark;
}

/** Size of the disk for what outlives a system: the least that XFS takes, and some. */
const STATE_BYTES = 320 * 2 ** 20;
/** How long the config server may take to listen. */
const LISTEN_MS = 15_000;

/** Starts what serves the machines on the host, as a process of its own that outlives this one. */
export async function launchHostProcess(
  host: Host,
  directory: string,
  order: HostOrder,
): Promise<HostProcess> {
  const [program = "", ...args] = host.self;
  const child = new Deno.Command(program, {
    // The paths are secrets: they go through stdin, where no other user sees them.
    args: [...args, "config-launch", "--directory", directory],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    detached: true,
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
  await writer.close();
  const ports = portsOf(await firstLine(child.stdout, LISTEN_MS));
  if (ports === undefined) {
    throw new Error("Cannot serve the machine configuration: the server did not start");
  }
  const mark = await markProcess("config-server", child.pid);
  child.unref();
  return { mark, ...ports };
}

function portsOf(line: string): HostPorts | undefined {
  try {
    return JSON.parse(line) as HostPorts;
  } catch {
    return undefined;
  }
}

/** What comes up to the first line end, or within `ms`. */
async function firstLine(stream: ReadableStream<Uint8Array>, ms: number): Promise<string> {
  const reader = stream.getReader();
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), ms);
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  clearTimeout(timer);
  await reader.cancel().catch(() => {});
  return text.trim();
}

/** Starts what joins the switch with the host, in the background. @throws {Error} with what to do when QEMU cannot. */
export async function launchUplink(
  arch: Arch,
  uplink: Uplink,
): Promise<ProcessMark> {
  const args = uplinkArguments(uplink);
  return await background("switch", "the network", uplink.directory, qemuProgram(arch), args);
}

/** Starts a node in the background. @throws {Error} with what to do when QEMU cannot. */
export async function launchQemu(host: Host, spec: QemuSpec): Promise<ProcessMark> {
  const { boot, directory, firmware, node } = spec;
  const { files } = host;
  const own = (name: keyof typeof NODE_FILES): string => join(directory, NODE_FILES[name]);
  await writeWhole(files, own("machine"), machineFile(spec), SECRET);
  const disk = { path: own("disk"), bytes: node.diskBytes };
  if (boot.kind === "disk") await copyDisk(files, boot.image, disk);
  else await makeDisk(files, disk.path, disk.bytes);
  if (spec.stateDisk) await makeDisk(files, own("state"), STATE_BYTES);
  for (const [index, userDisk] of spec.userDisks.entries()) {
    await makeDisk(files, join(directory, userDiskFile(index)), userDiskBytes(userDisk));
  }
  if (firmware) {
    await writeWhole(files, own("variables"), await files.readFile(firmware.variables), SECRET);
  }
  // Created here, so that nobody else may read what a node says.
  await writeWhole(files, own("console"), "", SECRET);
  return await background(
    "qemu",
    node.name,
    directory,
    qemuProgram(spec.arch),
    qemuArguments(spec),
  );
}

/** Runs a QEMU that goes to the background, and marks what stays. */
async function background(
  role: ProcessMark["role"],
  what: string,
  directory: string,
  program: string,
  args: string[],
): Promise<ProcessMark> {
  const { success, stderr } = await run(program, args);
  if (!success) {
    throw new Error(`Cannot start ${what}: ${qemuFault(new TextDecoder().decode(stderr))}`);
  }
  const pid = await readPid(join(directory, NODE_FILES.pid));
  if (pid === undefined) throw new Error(`Cannot start ${what}: ${program} left no process id`);
  return await markProcess(role, pid);
}

async function run(program: string, args: string[]): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command(program, { args, stdin: "null", stdout: "null" }).output();
  } catch (error) {
    throw missingProgram(program, error);
  }
}

/** @throws {Error} that says how to install QEMU when it is not there. */
export async function requireQemu(program: string): Promise<void> {
  try {
    await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" })
      .output();
  } catch (error) {
    throw missingProgram(program, error);
  }
}

function missingProgram(program: string, error: unknown): unknown {
  if (!(error instanceof Deno.errors.NotFound)) return error;
  return new Error(
    `Cannot find ${program}: install QEMU (Debian: apt-get install qemu-system-x86, ` +
      "macOS: brew install qemu)",
  );
}
