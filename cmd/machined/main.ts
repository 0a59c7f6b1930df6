/**
 * machined, PID 1 of a node: joins the parts and lives the machine's life. Decides nothing itself.
 *
 * @module
 */
import { KernelCmdline, panicSeconds, shutdownMode } from "$lib/cmdline/mod.ts";
import { systemClock } from "$lib/service/mod.ts";
import { kill } from "$ffi/process.ts";
import { reboot } from "$ffi/reboot.ts";
import { sync } from "$ffi/sync.ts";
import { assemble } from "./assembly.ts";
import { type Ending, live } from "./life.ts";
import type { Machine } from "./machine.ts";
import { kernelLog } from "./pid1/console.ts";
import { endMachine } from "./pid1/ending.ts";
import { describeError, guardProcess } from "./pid1/guard.ts";
import { listenForSignals } from "./pid1/power.ts";
import { listenForPowerButton } from "./pid1/power_button.ts";
import { keepReaping } from "./pid1/reaping.ts";
import { otherProcesses } from "./pid1/processes.ts";
import { feedWatchdog } from "./pid1/watchdog.ts";
import { bootSequence } from "./sequences/boot.ts";
import { finishSequence } from "./sequences/finish.ts";
import { initializeSequence } from "./sequences/initialize.ts";

const SIGNAL_NUMBERS = { SIGTERM: 15, SIGKILL: 9 } as const;

/**
 * Lives the machine's life. Does not return: when this process ended, the kernel would panic.
 *
 * @param extend called with the machine, and the pids its reaper leaves alone, before it starts;
 *   builds for tests add faults with it
 */
export async function main(
  _args: readonly string[] = [],
  extend: (machine: Machine, ownPids: Set<number>) => void = () => {},
): Promise<void> {
  const kernel = kernelLog();
  let log = (line: string): void => kernel(`[talos] ${line}`);
  guardProcess((line) => log(line));
  let cmdline = new KernelCmdline([]);
  try {
    cmdline = KernelCmdline.parse((await Deno.readTextFile("/proc/cmdline")).trim());
    const { machine, reaper, poller, page } = await assemble(cmdline, kernel);
    log = machine.log;
    keepReaping(reaper);
    feedWatchdog(log);
    reboot("CAD_OFF");
    listenForSignals(machine.power, { log, addSignalListener: Deno.addSignalListener });
    listenForPowerButton(machine.power, { poller, clock: systemClock, log });
    extend(machine, reaper.own);
    const ending = await live({
      run: (sequence, turn) => machine.sequencer.run(sequence, turn),
      start: [() => initializeSequence(machine), () => bootSequence(machine)],
      finish: (action) => finishSequence(machine, action),
      power: machine.power,
      staysAfterFailure: panicSeconds(cmdline) === 0,
      log,
    });
    page.refresh();
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
