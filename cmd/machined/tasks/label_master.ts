import { isControlPlane } from "$lib/config/mod.ts";
import { type KubeClient, type KubeObject, TYPES } from "$lib/kube/mod.ts";
import { systemClock } from "$lib/service/mod.ts";
import type { RunningConfig } from "../config/store.ts";
import { ownNodeName } from "../kubelet/own_name.ts";
import { controlPlanePatch } from "../kubernetes/node_role.ts";
import type { Machine } from "../machine.ts";
import type { Task } from "../sequences/engine.ts";

/** Not often: an API server that starts has other things to do. */
const RETRY_MS = 5_000;
const FOREVER = new AbortController().signal;

type Marking = Pick<Machine, "etcd" | "config" | "log">;

/**
 * Marks this node as one of the control plane once it has registered, and again when the configuration
 * changes. The boot does not wait for that: before a bootstrap there is no cluster to register with.
 */
export function labelNodeAsMaster(machine: Marking): Task {
  return {
    name: "labelNodeAsMaster",
    run() {
      follow(machine).catch((error) => machine.log(`cannot label the node: ${error.message}`));
    },
  };
}

async function follow(machine: Marking): Promise<void> {
  let attempt = new AbortController();
  for await (const running of machine.config.running.watch(FOREVER)) {
    attempt.abort();
    attempt = new AbortController();
    const { signal } = attempt;
    untilLabelled(machine, running, signal).catch((error) => {
      if (!signal.aborted) machine.log(`cannot label the node: ${error.message}`);
    });
  }
}

async function untilLabelled(
  { etcd, log }: Marking,
  { config }: RunningConfig,
  signal: AbortSignal,
): Promise<void> {
  if (!isControlPlane(config)) return;
  const name = ownNodeName(config);
  const schedulable = config.cluster.allowSchedulingOnMasters ?? false;
  let told = "";
  while (!signal.aborted) {
    try {
      using kube = await etcd.access.kube();
      if (await label(kube, name, { schedulable, signal })) log(`node "${name}" is labelled`);
      return;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== told && !signal.aborted) log(`waiting to label the node: ${reason}`);
      told = reason;
    }
    await systemClock.sleep(RETRY_MS, signal);
  }
}

/** Gives whether there was anything to change. */
async function label(
  kube: KubeClient,
  name: string,
  { schedulable, signal }: { schedulable: boolean; signal: AbortSignal },
): Promise<boolean> {
  const node = await kube.find<KubeObject>(TYPES.nodes, { name }, { signal });
  if (!node) throw new Error(`node "${name}" has not registered`);
  const patch = controlPlanePatch(node, { schedulable });
  if (patch) await kube.patch(TYPES.nodes, { name }, patch, { signal });
  return patch !== undefined;
}
