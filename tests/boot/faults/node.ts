/**
 * The node binary of a fault image: the node as it ships, with a second serial line on which a test
 * asks for trouble. One command a line, behind a number; each is answered by one line that starts with
 * `= ` and the number.
 *
 * @module
 */
import { type Controller, type ControllerRuntime, weak } from "$lib/cosi/mod.ts";
import { MachineConfig } from "$lib/resources/mod.ts";
import { main as machined } from "../../../cmd/machined/main.ts";
import type { Machine } from "../../../cmd/machined/machine.ts";

/** The serial line of the test. */
const LINE = "/dev/ttyS1";
/** Where the program that forks and signals is unpacked; the build puts it into the bundle. */
const FORKER = "/run/forker";
/** What fills a filesystem, in a directory of it. */
const FILLING = "filling";
/** More files than a filesystem without a free block has inodes for. */
const MAX_FILES = 100_000;

/** A service whose run throws whenever it is told to. */
class FaultyService {
  #fail: ((error: Error) => void) | undefined;
  runs = 0;

  register(machine: Machine): void {
    machine.services.load({
      id: "faulty",
      run: (signal, report) => {
        this.runs++;
        report.running("Faulty service runs");
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        signal.addEventListener("abort", () => resolve());
        this.#fail = reject;
        return promise;
      },
    });
  }

  fail(): void {
    this.#fail?.(new Error("the service was told to fail"));
  }
}

/** A controller that throws in as many passes as it is told. */
class FaultyController implements Controller {
  readonly name = "test.FaultyController";
  readonly inputs = [weak(MachineConfig)];
  readonly outputs = [];
  #wake = (): void => {};
  #throws = 0;
  passes = 0;

  async run(rt: ControllerRuntime): Promise<void> {
    this.#wake = () => rt.wake();
    for await (const _ of rt.passes()) {
      if (this.#throws-- > 0) throw new Error("the controller was told to fail");
      this.passes++;
    }
  }

  /** Throws in the next `count` passes. */
  fail(count: number): void {
    this.#throws = count;
    this.#wake();
  }
}

type Command = (argument: string) => Promise<unknown> | unknown;

/** What this image has more than the one that ships. */
interface Faults {
  readonly service: FaultyService;
  readonly controller: FaultyController;
}

function commands(machine: Machine, faults: Faults): Record<string, Command> {
  return {
    orphans: async (count) => {
      await forker("orphans", count);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return `zombies ${processStates().filter((state) => state === "Z").length}`;
    },
    signal: async (number) => {
      await forker("signal", number);
      return "sent";
    },
    kill: (role) => {
      const pid = pidOf(role);
      Deno.kill(pid, "SIGKILL");
      return `killed ${pid}`;
    },
    // By what the command line says, for want of a space in an argument `.` stands for one.
    slay: (pattern) => {
      const pids = pidsOf(new RegExp(pattern));
      for (const pid of pids) Deno.kill(pid, "SIGKILL");
      return `killed ${pids.join(" ")}`;
    },
    service: () => {
      faults.service.fail();
      return "failed";
    },
    runs: () => faults.service.runs,
    controller: (count) => {
      faults.controller.fail(Number(count));
      return faults.controller.passes;
    },
    passes: () => faults.controller.passes,
    throw: () => {
      setTimeout(() => {
        throw new Error("thrown in a timer on purpose");
      });
      return "thrown";
    },
    reject: () => {
      Promise.reject(new Error("rejected on purpose"));
      return "rejected";
    },
    fill: async (directory) => {
      await fill(`${directory}/${FILLING}`);
      return "full";
    },
    free: async (directory) => {
      await Deno.remove(`${directory}/${FILLING}`, { recursive: true });
      return "free";
    },
    descriptors: (role) => [...Deno.readDirSync(`/proc/${pidOf(role)}/fd`)].length,
    bootId: () => Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim(),
    // The loop of PID 1 ends here: only the kernel and the watchdog can help.
    oom: () => {
      machine.log("exhausting the heap on purpose");
      const hoard: unknown[] = [];
      for (;;) hoard.push(new Array(100_000).fill(Math.random()));
    },
    hang: () => {
      machine.log("blocking the loop on purpose");
      for (;;);
    },
  };
}

/** Leaves no block and no inode of a filesystem free; what takes them is in `directory`. */
async function fill(directory: string): Promise<void> {
  await Deno.mkdir(directory);
  using file = await Deno.create(`${directory}/blocks`);
  for (let bytes = 1 << 20; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    const chunk = new Uint8Array(bytes);
    await untilFull(async () => void await file.write(chunk));
    // What was not refused yet may be refused when it is written back.
    await file.sync();
  }
  let files = 0;
  await untilFull(async () => {
    if (++files > MAX_FILES) {
      throw new Error(`${directory} holds ${MAX_FILES} files and takes more`);
    }
    (await Deno.create(`${directory}/${files}`)).close();
  });
}

async function untilFull(take: () => Promise<void>): Promise<void> {
  try {
    for (;;) await take();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}

function pidOf(role: string): number {
  const [pid] = pidsOf(new RegExp(`node\\.js (.* )?${role}( |$)`));
  if (pid === undefined) throw new Error(`no process of ${role}`);
  return pid;
}

/** The processes whose arguments, with spaces between, match `pattern`. */
function pidsOf(pattern: RegExp): number[] {
  const pids: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const text = Deno.readTextFileSync(`/proc/${name}/cmdline`).replaceAll("\0", " ").trim();
      if (pattern.test(text)) pids.push(Number(name));
    } catch {
      // It ended while we looked.
    }
  }
  return pids;
}

function processStates(): string[] {
  return [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name)).map(({ name }) => {
    try {
      return /\) (\S)/.exec(Deno.readTextFileSync(`/proc/${name}/stat`))?.[1] ?? "";
    } catch {
      return "";
    }
  });
}

async function forker(...args: string[]): Promise<void> {
  const child = new Deno.Command(FORKER, { args, stdin: "null", stderr: "null" }).spawn();
  // PID 1's reaper must not take this child: it is waited for below.
  ownPids?.add(child.pid);
  try {
    await child.status;
  } finally {
    ownPids?.delete(child.pid);
  }
}

let ownPids: Set<number> | undefined;

async function unpackForker(): Promise<void> {
  const base64 = (globalThis as { FORKER?: string }).FORKER ?? "";
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  await Deno.writeFile(FORKER, bytes, { mode: 0o700 });
}

/** Answers commands for as long as the machine lives. */
async function serve(machine: Machine, faults: Faults): Promise<void> {
  await unpackForker();
  const known = commands(machine, faults);
  const line = await Deno.open(LINE, { read: true, write: true });
  const say = (text: string) => line.write(new TextEncoder().encode(`= ${text}\n`));
  let rest = "";
  const buffer = new Uint8Array(4096);
  for (;;) {
    const size = await line.read(buffer);
    if (size === null) return;
    rest += new TextDecoder().decode(buffer.subarray(0, size));
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) {
      const [number = "", name = "", argument = ""] = text.trim().split(" ");
      if (!/^\d+$/.test(number)) continue;
      try {
        await say(`${number} ${await known[name]?.(argument)}`);
      } catch (error) {
        await say(`${number} error ${error instanceof Error ? error.message : error}`);
      }
    }
  }
}

function extend(machine: Machine, own: Set<number>): void {
  ownPids = own;
  const faults = { service: new FaultyService(), controller: new FaultyController() };
  faults.service.register(machine);
  machine.runtime.controllers.register(faults.controller);
  serve(machine, faults).catch((error) => machine.log(`fault line: ${error}`));
}

const inWorker = "WorkerGlobalScope" in globalThis;
if (!inWorker && Deno.args[0] === "machined" && Deno.args[1] !== "--warm") {
  await machined([], extend);
} else await import("../../../cmd/node/main.ts");
