/** Reboot and shutdown: services stopped in order; the end of the machine itself follows. */
import type { Machine } from "../machine.ts";
import type { PowerAction } from "../pid1/power.ts";
import { unmountStatePartition } from "../tasks/state.ts";
import { letAnswersGo, stopAllPods, stopAllServices } from "../tasks/stop.ts";
import {
  unmountEphemeralPartition,
  unmountOverlayFilesystems,
  unmountPodMounts,
  unmountSystemDiskBindMounts,
} from "../tasks/unmount.ts";
import { unmountUserDisks } from "../tasks/user_disks.ts";
import type { Phase, Sequence } from "./engine.ts";

/** The sequence that prepares `action`. */
export function finishSequence(machine: Machine, action: PowerAction): Sequence {
  return {
    name: action,
    phases: [
      { name: "answers", tasks: [letAnswersGo()] },
      { name: "cleanup", tasks: [stopAllPods(machine)] },
      { name: "stopEverything", tasks: [stopAllServices(machine)] },
      ...unmountPhases(machine),
    ],
  };
}

/** Unmounts all that lies on the machine's disks. */
export function unmountPhases(machine: Machine): Phase[] {
  return [
    { name: "unmountUser", tasks: [unmountUserDisks(machine)] },
    { name: "umount", tasks: [unmountOverlayFilesystems(machine), unmountPodMounts(machine)] },
    { name: "unmountBind", tasks: [unmountSystemDiskBindMounts(machine)] },
    {
      name: "unmountSystem",
      tasks: [unmountEphemeralPartition(machine), unmountStatePartition(machine)],
    },
  ];
}
