/** What a new release has to achieve before it stays. */
import type { ServiceManager } from "$lib/service/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { isNodeReady } from "../kubernetes/node_ready.ts";
import type { OwnKube } from "../kubernetes/own_kube.ts";
import type { UpgradeRecord } from "./record.ts";

/** What the gate looks at. */
export interface GateDeps {
  readonly services: Pick<ServiceManager, "list">;
  readonly ownKube: () => Promise<OwnKube>;
}

/** Services that come up with the cluster: they are waited for where they were up before. */
const OF_THE_CLUSTER: ReadonlySet<string> = new Set(["etcd", "kubelet"]);
/** How long Kubernetes may take to say how a node is, milliseconds. */
const LOOK_MS = 10_000;

/**
 * What is missing, one sentence each: every service of the node's own is up, the API among them; those
 * of the cluster, and the node in Kubernetes, are as they were before.
 */
export async function missingFrom(
  { services, ownKube }: GateDeps,
  record: UpgradeRecord | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const wanted = new Set(record?.services ?? []);
  const down = services.list()
    .filter(({ id, up }) => !up && (!OF_THE_CLUSTER.has(id) || wanted.has(id)))
    .map(({ id, state, health }) =>
      `service ${id} is ${state}${health.lastMessage ? ` (${health.lastMessage})` : ""}`
    );
  const absent = [...wanted].filter((id) => !services.list().some((service) => service.id === id))
    .map((id) => `service ${id} is not there`);
  const node = record?.node === undefined ? [] : await nodeFault(ownKube, record.node, signal);
  return [...down, ...absent, ...node];
}

/** What there is to be kept: the services of the cluster that are up, and the node where it is Ready. */
export async function achieved(
  { services, ownKube }: GateDeps,
  signal: AbortSignal,
): Promise<Pick<UpgradeRecord, "services" | "node">> {
  const up = services.list().filter(({ id, up }) => up && OF_THE_CLUSTER.has(id));
  const ids = up.map(({ id }) => id);
  if (!ids.includes("kubelet")) return { services: ids };
  try {
    using own = await ownKube();
    const ready = await isNodeReady(own.kube, own.node, { signal, timeoutMs: LOOK_MS });
    return ready ? { services: ids, node: own.node } : { services: ids };
  } catch {
    return { services: ids };
  }
}

async function nodeFault(
  ownKube: GateDeps["ownKube"],
  node: string,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    using own = await ownKube();
    const ready = await isNodeReady(own.kube, node, { signal, timeoutMs: LOOK_MS });
    return ready ? [] : [`node "${node}" is not Ready`];
  } catch (error) {
    return [`node "${node}" cannot be looked at: ${messageOf(error)}`];
  }
}
