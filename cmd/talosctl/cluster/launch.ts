import { join } from "node:path";
import { SECRET, writeWhole } from "../files.ts";
import type { Host } from "../host.ts";
import { readPid } from "./config_server.ts";
import { markProcess, type ProcessMark } from "./process.ts";
import {
  machineFile,
  NODE_FILES,
  qemuArguments,
  qemuFault,
  qemuProgram,
  type QemuSpec,
} from "./qemu.ts";

/** A config server that has said where it listens. */
export interface ConfigServer {
  readonly mark: ProcessMark;
  readonly port: number;
}

/** Size of the disk for what outlives a system: the least that XFS takes, and some. */
const STATE_BYTES = 320 * 2 ** 20;
/** How long the config server may take to listen. */
const LISTEN_MS = 15_000;

/** Starts the server of a node's configuration as a process of its own that outlives this one. */
export async function launchConfigServer(
  host: Host,
  directory: string,
  path: string,
): Promise<ConfigServer> {
  const [program = "", ...args] = host.self;
  const child = new Deno.Command(program, {
    // The path is a secret: it goes through stdin, where no other user sees it.
    args: [...args, "config-launch", "--directory", directory],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    detached: true,
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${path}\n`));
  await writer.close();
  const port = await firstNumber(child.stdout, LISTEN_MS);
  if (port === undefined) {
    throw new Error("Cannot serve the machine configuration: the server did not start");
  }
  const mark = await markProcess("config-server", child.pid);
  child.unref();
  return { mark, port };
}

async function firstNumber(
  stream: ReadableStream<Uint8Array>,
  ms: number,
): Promise<number | undefined> {
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
  const number = Number(text.trim());
  return text.trim() !== "" && Number.isInteger(number) ? number : undefined;
}

/** Starts a node in the background. @throws {Error} with what to do when QEMU cannot. */
export async function launchQemu(host: Host, spec: QemuSpec): Promise<ProcessMark> {
  const { directory, node } = spec;
  await writeWhole(host.files, join(directory, NODE_FILES.machine), machineFile(spec), SECRET);
  await makeDisk(host, join(directory, NODE_FILES.disk), node.diskBytes);
  await makeDisk(host, join(directory, NODE_FILES.state), STATE_BYTES);
  // Created here, so that nobody else may read what a node says.
  await writeWhole(host.files, join(directory, NODE_FILES.console), "", SECRET);
  const program = qemuProgram(spec.arch);
  const { success, stderr } = await run(program, qemuArguments(spec));
  if (!success) {
    const reason = qemuFault(new TextDecoder().decode(stderr), node.address);
    throw new Error(`Cannot start ${node.name}: ${reason}`);
  }
  const pid = await readPid(join(directory, NODE_FILES.pid));
  if (pid === undefined) {
    throw new Error(`Cannot start ${node.name}: ${program} left no process id`);
  }
  return await markProcess("qemu", pid);
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

/** A disk of that size which takes no room until it is written to. */
async function makeDisk(host: Host, path: string, bytes: number): Promise<void> {
  using file = await host.files.open(path, { create: true, write: true, mode: SECRET });
  await file.truncate(bytes);
}
