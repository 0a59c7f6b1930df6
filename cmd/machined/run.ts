/** The machine's life, on laid ground: joins the parts and runs the sequences. */
import { systemClock } from "$lib/clock/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { type KernelCmdline, panicSeconds } from "$lib/cmdline/mod.ts";
import { reboot } from "$ffi/reboot.ts";
import { assemble } from "./assembly.ts";
import type { Ground } from "./ground.ts";
import { type Ending, live } from "./life.ts";
import type { Extend } from "./machine.ts";
import { listenForSignals } from "./pid1/power.ts";
import { listenForPowerButton } from "./pid1/power_button.ts";
import { keepReaping } from "./pid1/reaping.ts";
import { feedWatchdog } from "./pid1/watchdog.ts";
import { forgetStarts } from "./release/firmware.ts";
import { bootSequence } from "./sequences/boot.ts";
import { finishSequence } from "./sequences/finish.ts";
import { initializeSequence } from "./sequences/initialize.ts";
import { installSequence } from "./sequences/install.ts";

/** Whatever still goes on then: a release that runs for so long is not damaged, milliseconds. */
const COMES_UP_MS = 3 * 60_000;

/**
 * Runs the machine until it is to end.
 *
 * @param record takes one record of the kernel log
 * @param extend is called before the machine starts
 */
export async function run(
  cmdline: KernelCmdline,
  ground: Ground,
  record: (text: string) => void,
  extend: Extend,
): Promise<Ending> {
  const { machine, page } = await assemble(cmdline, ground, record);
  const { log } = machine;
  const { poller, reaper } = ground;
  extend(machine, reaper.own);
  keepReaping(reaper);
  feedWatchdog(log, () => machine.releases.overdue);
  reboot("CAD_OFF");
  listenForSignals(machine.power, { log, addSignalListener: Deno.addSignalListener });
  listenForPowerButton(machine.power, { poller, clock: systemClock, log });
  // Somebody may take their time to configure a machine, and switch it off meanwhile.
  setTimeout(() => comeUp(log), COMES_UP_MS);
  const ending = await live({
    run: (sequence, turn) => machine.sequencer.run(sequence, turn),
    start: [
      () => initializeSequence(machine),
      () => installSequence(machine),
      () => bootSequence(machine),
    ],
    started: () => comeUp(log),
    finish: (action) => finishSequence(machine, action),
    power: machine.power,
    staysAfterFailure: panicSeconds(cmdline) === 0,
    log,
  });
  await machine.releases.end(
    ending.kind === "failed"
      ? ending.error.message
      : `${ending.action} before it had proved itself`,
  );
  page.refresh();
  return ending;
}

/** Firmware counts starts of releases that do not come up; this one has. */
function comeUp(log: (line: string) => void): void {
  try {
    forgetStarts();
  } catch (error) {
    log(`Cannot tell firmware that this release came up: ${messageOf(error)}`);
  }
}
