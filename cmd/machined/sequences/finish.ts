/** Reboot and shutdown: services stopped in order; the end of the machine itself follows. */
import { systemClock } from "$lib/service/mod.ts";
import type { Machine } from "../machine.ts";
import type { PowerAction } from "../pid1/power.ts";
import type { Sequence, Task } from "./engine.ts";

/** The sequence that prepares `action`. */
export function finishSequence(machine: Machine, action: PowerAction): Sequence {
  return {
    name: action,
    phases: [
      { name: "answers", tasks: [letAnswersGo()] },
      { name: "stopEverything", tasks: [stopAllServices(machine)] },
    ],
  };
}

/** How long the answer to the call that asked for this may take through routerd and apid, milliseconds. */
const ANSWER_MS = 1_000;

/** Lets the answer reach whoever asked before the API goes. */
function letAnswersGo(): Task {
  return {
    name: "letAnswersGo",
    run: (signal) => systemClock.sleep(ANSWER_MS, signal),
  };
}

/** Stops every service, those that others depend on last. */
function stopAllServices({ services }: Machine): Task {
  return { name: "stopAllServices", run: () => services.stop() };
}
