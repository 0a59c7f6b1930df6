import { checkHealth, type Members, membersOf } from "$lib/health/mod.ts";
import { systemClock } from "$lib/clock/mod.ts";
import type { Client } from "../client/client.ts";
import { reasonOf } from "../client/rpc_error.ts";
import { KubeAccess } from "./kube_access.ts";
import { machineReader } from "./machine_reader.ts";

/** What is checked from this side of the wire. */
export interface ClientHealth {
  readonly client: Client;
  /** Calls to one member. */
  readonly of: (member: string) => Client;
  /** Empty lists ask Kubernetes which nodes there are. */
  readonly members: Members;
  readonly k8sEndpoint: string;
  readonly timeoutMs: number;
}

const POLL_MS = 2_000;

/** The lines of progress of the checks, made by this program. @throws {Error} on a cluster that is not well */
export async function* clientHealth(health: ClientHealth): AsyncGenerator<string> {
  const { client, of, k8sEndpoint, timeoutMs } = health;
  const started = performance.now();
  using kube = new KubeAccess(client, k8sEndpoint);
  const named = health.members.controlPlane.length + health.members.workers.length > 0;
  const members = named ? health.members : await discover(kube, client.signal, timeoutMs);
  const machine = machineReader(of);
  yield* checkHealth({ members, machine, kube: kube.reader }, {
    timeoutMs: Math.max(0, timeoutMs - (performance.now() - started)),
    signal: client.signal,
  });
}

/** The nodes that Kubernetes knows, as soon as it knows one of the control plane. */
async function discover(
  kube: KubeAccess,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Members> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await askMembers(kube);
    if (typeof found === "object" && found.controlPlane.length > 0) return found;
    signal.throwIfAborted();
    if (performance.now() >= deadline) {
      const reason = typeof found === "string" ? found : "Kubernetes knows none";
      throw new Error(
        `Cannot find the control plane nodes: ${reason}, name them with --control-plane-nodes`,
      );
    }
    await systemClock.sleep(POLL_MS, signal);
  }
}

async function askMembers(kube: KubeAccess): Promise<Members | string> {
  try {
    return membersOf(await kube.reader.nodes());
  } catch (error) {
    return reasonOf(error);
  }
}
