/** Stopping what runs on the machine, before it ends or what it runs from goes. */
import { messageOf, systemClock } from "$lib/service/mod.ts";
import { stopPods } from "../containers/stop_pods.ts";
import type { Machine } from "../machine.ts";
import type { Task } from "../sequences/engine.ts";

/** How long the answer to the call that asked for this may take through routerd and apid, milliseconds. */
const ANSWER_MS = 1_000;

/** Lets the answer reach whoever asked before the API goes. */
export function letAnswersGo(): Task {
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
export function stopAllPods({ services, containers, log }: Machine): Task {
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
        log(`pods are not stopped: ${messageOf(error)}`);
      }
    },
  };
}

/** Stops every service, those that others depend on last. */
export function stopAllServices({ services }: Pick<Machine, "services">): Task {
  return { name: "stopAllServices", run: () => services.stop() };
}

/** Services that keep something on /var. */
const ON_VAR = ["kubelet", "etcd", "cri"] as const;

/** Stops what keeps something on the disk; the API and the containerd of the node's own go on. */
export function stopServicesForUpgrade({ services }: Pick<Machine, "services">): Task {
  return {
    name: "stopServicesForUpgrade",
    run: () => services.stop(...ON_VAR.filter((id) => services.find(id) !== undefined)),
  };
}
