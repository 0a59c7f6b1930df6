/** Reboot and shutdown: services stopped in order; the end of the machine itself follows. */
import type { Machine } from "../machine.ts";
import type { PowerAction } from "../pid1/power.ts";
import type { Sequence, Task } from "./engine.ts";

/** The sequence that prepares `action`. */
export function finishSequence(machine: Machine, action: PowerAction): Sequence {
  return {
    name: action,
    phases: [
      { name: "stopEverything", tasks: [stopAllServices(machine)] },
    ],
  };
}

/** Stops every service, those that others depend on last. */
function stopAllServices({ services }: Machine): Task {
  return { name: "stopAllServices", run: () => services.stop() };
}
