/** How a node goes from its cluster for a while or for good, and how it comes back. */
import { isControlPlane } from "$lib/config/mod.ts";
import { messageOf, systemClock } from "$lib/service/mod.ts";
import { LastMemberError, leaveEtcd as leave } from "../etcd/leave.ts";
import { cordon, drain, uncordon } from "../kubernetes/drain.ts";
import { isNodeReady } from "../kubernetes/node_ready.ts";
import { ownKube } from "../kubernetes/own_kube.ts";
import type { Machine } from "../machine.ts";
import type { Task } from "../sequences/engine.ts";

/** How long a node may take to be cordoned, and to be drained, milliseconds. */
const CORDON_MS = 30_000;
const DRAIN_MS = 5 * 60_000;
/** How long leaving etcd may take, milliseconds. */
const LEAVE_MS = 2 * 60_000;
const RETRY_MS = 10_000;
const FOREVER = new AbortController().signal;

type Draining = Pick<Machine, "config" | "etcd" | "services" | "log">;

/**
 * Moves the workload to other nodes. Pods that cannot go in time are stopped later with all others:
 * that is logged, and is no reason to stay.
 */
export function cordonAndDrainNode(machine: Draining): Task {
  return {
    name: "cordonAndDrainNode",
    async run(signal) {
      const { services, log } = machine;
      if (!services.status("kubelet")?.up) return log("no workload to move: the kubelet is not up");
      const within = (ms: number) => AbortSignal.any([signal, AbortSignal.timeout(ms)]);
      try {
        using own = await ownKube(machine);
        await cordon(own.kube, own.node, within(CORDON_MS));
        await drain(own.kube, own.node, { signal: within(DRAIN_MS), log });
        log(`node "${own.node}" is drained`);
      } catch (error) {
        signal.throwIfAborted();
        log(`the workload stays: ${messageOf(error)}`);
      }
    },
  };
}

/** Lets pods on the node again that an upgrade has cordoned, once it is Ready; the boot does not wait. */
export function uncordonNode(machine: Pick<Machine, "config" | "etcd" | "log">): Task {
  return {
    name: "uncordonNode",
    run() {
      untilUncordoned(machine).catch((error) =>
        machine.log(`cannot uncordon the node: ${messageOf(error)}`)
      );
    },
  };
}

async function untilUncordoned(machine: Pick<Machine, "config" | "etcd" | "log">): Promise<void> {
  for (;;) {
    // Before a cluster is there, and while it comes up, there is no answer.
    if (await tryToUncordon(machine).catch(() => false)) return;
    await systemClock.sleep(RETRY_MS, FOREVER);
  }
}

async function tryToUncordon(machine: Pick<Machine, "config" | "etcd" | "log">): Promise<boolean> {
  using own = await ownKube(machine);
  const { kube, node } = own;
  if (!await isNodeReady(kube, node, { signal: FOREVER })) return false;
  if (await uncordon(kube, node, FOREVER)) machine.log(`node "${node}" takes workload again`);
  return true;
}

/**
 * Takes the machine's member out of etcd, where there is one and others stay.
 *
 * @throws {Error} when it cannot leave: what it has must not be wiped then
 */
export function leaveEtcd(machine: Machine): Task {
  return {
    name: "leaveEtcd",
    async run(signal) {
      const { config, etcd, services, hostNames, log } = machine;
      const running = config.running.value?.config;
      if (!running || !isControlPlane(running) || !await etcd.data.holdsMember()) return;
      const limit = AbortSignal.any([signal, AbortSignal.timeout(LEAVE_MS)]);
      try {
        await leave({ ...etcd, services, hostname: () => hostNames().hostname }, limit);
        log("etcd is left");
      } catch (error) {
        if (!(error instanceof LastMemberError)) throw error;
        log(`${error.message}: the cluster ends with it`);
      }
    },
  };
}
