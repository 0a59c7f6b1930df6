/** The very end: no process left, everything written, then the kernel is told. */
import { type Clock } from "$lib/service/mod.ts";
import type { Ending } from "../life.ts";

/** What the end needs of the kernel; the functions of `$ffi` fit it. */
export interface EndingDeps {
  readonly log: (line: string) => void;
  readonly clock: Clock;
  readonly shutdownMode: "halt" | "poweroff";
  /** Sends a signal to every process but this one. */
  killAll(signal: "SIGTERM" | "SIGKILL"): void;
  /** User processes besides PID 1. */
  others(): number;
  /** Writes everything out; may hang on a dead disk. */
  sync(): Promise<void>;
  reboot(command: "RESTART" | "POWER_OFF" | "HALT"): void;
}

const FAILURE_COUNTDOWN_S = 10;
const TERM_GRACE_MS = 10_000;
const SYNC_LIMIT_MS = 30_000;

/**
 * Ends the machine. A failure counts down from 10 so that the console can be read, an ordinary end
 * does not wait.
 */
export async function endMachine(ending: Ending, deps: EndingDeps): Promise<void> {
  const { log, clock } = deps;
  const restart = ending.kind === "failed" || ending.action === "reboot";
  if (restart) {
    for (let left = ending.kind === "failed" ? FAILURE_COUNTDOWN_S : 0; left >= 0; left--) {
      log(`rebooting in ${left} seconds`);
      if (left > 0) await clock.sleep(1000);
    }
  }
  await endProcesses(deps);
  await Promise.race([deps.sync(), clock.sleep(SYNC_LIMIT_MS)]);
  if (restart) deps.reboot("RESTART");
  else deps.reboot(deps.shutdownMode === "halt" ? "HALT" : "POWER_OFF");
}

async function endProcesses(deps: EndingDeps): Promise<void> {
  const { clock } = deps;
  deps.killAll("SIGTERM");
  const deadline = clock.monotonic() + TERM_GRACE_MS;
  while (deps.others() > 0 && clock.monotonic() < deadline) await clock.sleep(50);
  if (deps.others() > 0) {
    deps.log(`${deps.others()} processes did not end by SIGTERM: killing them`);
    deps.killAll("SIGKILL");
    await clock.sleep(200);
  }
}
