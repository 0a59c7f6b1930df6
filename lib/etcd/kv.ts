import { type EtcdCall, type EtcdClient, fromBase64, toBase64 } from "./client.ts";

interface RangeResponse {
  readonly header: { readonly revision: string };
  readonly kvs?: readonly { readonly value?: string }[];
}

/** A value as it was at a revision of the store; undefined when there was none. */
export interface KeyValue {
  readonly value: string | undefined;
  readonly revision: string;
}

/** Reads a key, agreed upon by a majority of members. */
export async function readKey(
  etcd: EtcdClient,
  key: string,
  call: EtcdCall = {},
): Promise<KeyValue> {
  const { header, kvs } = await etcd.call<RangeResponse>(
    "kv/range",
    { key: toBase64(key) },
    call,
  );
  const [found] = kvs ?? [];
  return {
    value: found ? fromBase64(found.value ?? "") : undefined,
    revision: header.revision,
  };
}

/** Writes a key. */
export async function writeKey(
  etcd: EtcdClient,
  key: string,
  value: string,
  call: EtcdCall = {},
): Promise<void> {
  await etcd.call("kv/put", { key: toBase64(key), value: toBase64(value) }, call);
}

/** Deletes a key. */
export async function deleteKey(etcd: EtcdClient, key: string, call: EtcdCall = {}): Promise<void> {
  await etcd.call("kv/deleterange", { key: toBase64(key) }, call);
}

/**
 * Resolves at the first change of a key after `revision`, or when `signal` fires; throws when the
 * member goes away.
 */
export async function untilChanged(
  etcd: EtcdClient,
  key: string,
  { revision, signal }: { revision: string; signal: AbortSignal },
): Promise<void> {
  const request = {
    create_request: { key: toBase64(key), start_revision: String(BigInt(revision) + 1n) },
  };
  try {
    const answers = etcd.stream<{ events?: unknown[] }>("watch", request, { signal });
    for await (const { events } of answers) if (events?.length) return;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Quorum-reads the key `health`, as etcd's own health check does: throws unless a majority agrees. */
export async function checkHealth(etcd: EtcdClient, call: EtcdCall = {}): Promise<void> {
  await readKey(etcd, "health", call);
}
