/** Reboot and shutdown: services stopped in order; the end of the machine itself follows. */
import { systemClock } from "$lib/service/mod.ts";
import { stopPods } from "../containers/stop_pods.ts";
import type { Machine } from "../machine.ts";
import type { PowerAction } from "../pid1/power.ts";
import { unmountStatePartition } from "../tasks/state.ts";
import {
  unmountEphemeralPartition,
  unmountOverlayFilesystems,
  unmountPodMounts,
} from "../tasks/unmount.ts";
import type { Sequence, Task } from "./engine.ts";

/** The sequence that prepares `action`. */
export function finishSequence(machine: Machine, action: PowerAction): Sequence {
  return {
    name: action,
    phases: [
      { name: "answers", tasks: [letAnswersGo()] },
      { name: "cleanup", tasks: [stopAllPods(machine)] },
      { name: "stopEverything", tasks: [stopAllServices(machine)] },
      { name: "umount", tasks: [unmountOverlayFilesystems(machine), unmountPodMounts(machine)] },
      {
        name: "unmountSystem",
        tasks: [unmountEphemeralPartition(machine), unmountStatePartition(machine)],
      },
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

/** No pod may take longer to stop than this when the machine ends, milliseconds. */
const POD_STOP_MS = 60_000;
/** All of them together may take this long. */
const PODS_STOP_MS = 3 * 60_000;

/** Stops the kubelet, which would start pods again, then every pod. */
function stopAllPods({ services, containers, log }: Machine): Task {
  return {
    name: "stopAllPods",
    async run(signal) {
      await services.stop("kubelet");
      if (services.status("cri")?.state !== "Running") return;
      const limit = AbortSignal.any([signal, AbortSignal.timeout(PODS_STOP_MS)]);
      try {
        await stopPods(containers.cri, { limitMs: POD_STOP_MS, log, signal: limit });
      } catch (error) {
        signal.throwIfAborted();
        log(`pods are not stopped: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
  };
}

/** Stops every service, those that others depend on last. */
function stopAllServices({ services }: Machine): Task {
  return { name: "stopAllServices", run: () => services.stop() };
}
