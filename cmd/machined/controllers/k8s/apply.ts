import { EtcdClient, withMutex } from "$lib/etcd/mod.ts";
import { describeObject, isRefusal, KubeClient, type KubeObject } from "$lib/kube/mod.ts";
import { APPLY_MUTEX, type ManifestTarget } from "./manifest_apply.ts";

/** Who owns the fields that are applied, in the eyes of the API server. */
const FIELD_MANAGER = "talos";
/** An API server that just started answers slowly. */
const APPLY_TIMEOUT_MS = 30_000;

/** Applies objects to a real cluster, under the mutex of its etcd. */
export async function applyToCluster(
  objects: readonly KubeObject[],
  target: ManifestTarget,
  signal: AbortSignal,
): Promise<string[]> {
  using etcd = new EtcdClient(target.etcd);
  using api = new KubeClient(target.api);
  return await withMutex(
    etcd,
    { name: APPLY_MUTEX, signal },
    (held) => applyObjects(api, objects, held),
  );
}

/**
 * Applies objects one after the other. What somebody changed on purpose stays as it is: the line
 * about it is in what is given back. One that the API server refuses does not hold up the others.
 *
 * @throws {Error} that names each object that was refused
 */
export async function applyObjects(
  api: Pick<KubeClient, "apply">,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<string[]> {
  const kept: string[] = [];
  const faults: string[] = [];
  for (const object of objects) {
    signal.throwIfAborted();
    try {
      await api.apply(object, { manager: FIELD_MANAGER, signal, timeoutMs: APPLY_TIMEOUT_MS });
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      if (!isRefusal(error, "Conflict")) faults.push(reason);
      else kept.push(`${describeObject(object)} stays as it is: ${reason}`);
    }
  }
  if (faults.length > 0) throw new Error(faults.join("; "));
  return kept;
}
