/** From a node to a machine that keeps nothing, or less. */
import type { Machine } from "../machine.ts";
import { cordonAndDrainNode, leaveEtcd } from "../tasks/leave_cluster.ts";
import { askFor } from "../tasks/reboot.ts";
import { resetSystemDisk, resetSystemDiskSpec } from "../tasks/reset.ts";
import { forgetStateKeys } from "../tasks/state_encryption.ts";
import { letAnswersGo, stopAllPods, stopAllServices } from "../tasks/stop.ts";
import type { Sequence } from "./engine.ts";
import { unmountPhases } from "./finish.ts";
import { verifyPhase } from "./upgrade.ts";

/** How a machine is reset. */
export interface ResetOrder {
  /** Whether the node leaves its cluster first. */
  readonly graceful: boolean;
  /** Whether it reboots after that, instead of shutting down. */
  readonly reboot: boolean;
  /** What is wiped; the whole disk when none is named. */
  readonly labels: readonly string[];
}

/** The sequence that resets the machine and ends it. */
export function resetSequence(
  machine: Machine,
  { graceful, reboot, labels }: ResetOrder,
): Sequence {
  return {
    name: "reset",
    phases: [
      { name: "answers", tasks: [letAnswersGo()] },
      ...(graceful
        ? [
          { name: "drain", tasks: [cordonAndDrainNode(machine)] },
          { name: "leave", tasks: [leaveEtcd(machine)] },
        ]
        : []),
      { name: "cleanup", tasks: [stopAllPods(machine)] },
      { name: "stopEverything", tasks: [stopAllServices(machine)] },
      ...unmountPhases(machine),
      verifyPhase(machine),
      labels.length === 0
        ? { name: "reset", tasks: [resetSystemDisk(machine)] }
        : { name: "resetSpec", tasks: [resetSystemDiskSpec(machine, labels)] },
      ...(labels.includes("STATE")
        ? [{ name: "forgetStateKeys", tasks: [forgetStateKeys(machine)] }]
        : []),
      { name: "end", tasks: [askFor(reboot ? "reboot" : "shutdown", machine, "reset")] },
    ],
  };
}
