/**
 * machined, PID 1 of a node: keeps the process alive, launches the first services and, while their
 * runtimes come up, evaluates the rest of itself. Decides nothing.
 *
 * @module
 */
import { KernelCmdline, panicSeconds, shutdownMode } from "$lib/cmdline/mod.ts";
import { systemClock } from "$lib/clock/mod.ts";
import { warmLauncher } from "$ffi/launcher.ts";
import { kill } from "$ffi/process.ts";
import { reboot } from "$ffi/reboot.ts";
import { sync } from "$ffi/sync.ts";
import { layGround } from "./ground.ts";
import type { Ending } from "./life.ts";
import type { Extend } from "./machine.ts";
import { kernelLog } from "./pid1/console.ts";
import { endMachine } from "./pid1/ending.ts";
import { describeError, guardProcess } from "./pid1/guard.ts";
import { otherProcesses } from "./pid1/processes.ts";

const SIGNAL_NUMBERS = { SIGTERM: 15, SIGKILL: 9 } as const;

/** Loads what this part loads later, for the image builder: its code is compiled ahead. */
export async function warm(): Promise<void> {
  await warmLauncher(Deno.mainModule);
  await import("./run.ts");
}

/**
 * Lives the machine's life. Does not return: when this process ended, the kernel would panic.
 *
 * @param extend called with the machine, and the pids its reaper leaves alone, before it starts;
 *   builds for tests add faults with it
 */
export async function main(
  _args: readonly string[] = [],
  extend: Extend = () => {},
): Promise<void> {
  const kernel = kernelLog();
  let log = (line: string): void => kernel(`[talos] ${line}`);
  guardProcess((line) => log(line));
  // On a slow machine the next line is many seconds away.
  log("machined starts");
  let cmdline = new KernelCmdline([]);
  try {
    cmdline = KernelCmdline.parse((await Deno.readTextFile("/proc/cmdline")).trim());
    const ground = await layGround(cmdline);
    const { run } = await import("./run.ts");
    const ending = await run(cmdline, ground, kernel, (machine, ownPids) => {
      log = machine.log;
      extend(machine, ownPids);
    });
    await end(ending, cmdline, log);
  } catch (error) {
    log(`machined cannot go on: ${describeError(error)}`);
    if (panicSeconds(cmdline) !== 0) {
      await end({ kind: "failed", error: new Error("machined failed") }, cmdline, log);
    }
  }
  // The timer of guardProcess keeps the loop turning; nothing is left to do.
  await new Promise(() => {});
}

function end(ending: Ending, cmdline: KernelCmdline, log: (line: string) => void): Promise<void> {
  return endMachine(ending, {
    log,
    clock: systemClock,
    shutdownMode: shutdownMode(cmdline),
    killAll: (signal) => signalAll(SIGNAL_NUMBERS[signal]),
    others: otherProcesses,
    sync: () => Promise.resolve(sync()),
    reboot,
  });
}

/** Signals everything but this process; that nothing is left to signal is no error. */
function signalAll(signal: number): void {
  try {
    kill(-1, signal);
  } catch {
    // ESRCH: this process is the only one.
  }
}
