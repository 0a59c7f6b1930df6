import { systemClock } from "$lib/clock/mod.ts";
import { type EtcdCall, type EtcdClient, EtcdError, toBase64 } from "./client.ts";

/** Settings of a mutex. */
export interface MutexOptions {
  readonly name: string;
  /** Seconds after which others may go on when the holder is gone; 60 unless told. */
  readonly ttlSeconds?: number;
  /** Milliseconds to wait for the mutex; 120,000 unless told. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs `work` while holding a mutex that the whole cluster shares, and gives what it gives. The signal
 * that `work` gets fires when the mutex is lost. Waiting is in line: whoever asked first goes first.
 * Others that lock the same name with etcd's own client libraries take part.
 */
export async function withMutex<T>(
  etcd: EtcdClient,
  options: MutexOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { name, ttlSeconds = 60, waitMs = 120_000, signal } = options;
  const outer: EtcdCall = signal ? { signal } : {};
  // From before it was asked for: etcd counts from a later moment, so nobody else goes on earlier.
  const goodUntilMs = performance.now() + ttlSeconds * 1000;
  const { ID: lease } = await etcd.call<{ ID: string }>("lease/grant", { TTL: ttlSeconds }, outer);
  const lost = new AbortController();
  const keeping = keepAlive(etcd, { lease, ttlSeconds, goodUntilMs, lost });
  try {
    const request = { name: toBase64(name), lease };
    // One wait, however many members there are: what is called off is not tried with the next, which a
    // call whose own time is over would be.
    const late = AbortSignal.timeout(waitMs);
    const waiting = { signal: signal ? AbortSignal.any([signal, late]) : late };
    await etcd.call("lock/lock", request, { ...waiting, timeoutMs: 2 * waitMs }).catch((cause) => {
      if (signal?.aborted || cause instanceof EtcdError) throw cause;
      throw new Error(`Cannot lock "${name}": not free within ${waitMs / 1000} s`, { cause });
    });
    lost.signal.throwIfAborted();
    return await work(signal ? AbortSignal.any([signal, lost.signal]) : lost.signal);
  } finally {
    lost.abort();
    await keeping;
    // The lock goes with its lease. When that fails too, it goes when the lease runs out.
    const timeoutMs = Math.min(15_000, ttlSeconds * 1000);
    await etcd.call("lease/revoke", { ID: lease }, { timeoutMs }).catch(() => {});
  }
}

/** Renews a lease until `lost` fires, and fires it when the lease is over: not a moment later. */
async function keepAlive(
  etcd: EtcdClient,
  { lease, ttlSeconds, lost, ...first }: {
    readonly lease: string;
    readonly ttlSeconds: number;
    readonly goodUntilMs: number;
    readonly lost: AbortController;
  },
): Promise<void> {
  const periodMs = ttlSeconds * 1000 / 3;
  let { goodUntilMs } = first;
  while (!lost.signal.aborted) {
    const untilOverMs = Math.max(0, goodUntilMs - performance.now());
    await systemClock.sleep(Math.min(periodMs, untilOverMs), lost.signal);
    if (lost.signal.aborted) return;
    const askedMs = performance.now();
    const leftMs = Math.max(0, goodUntilMs - askedMs);
    const signal = AbortSignal.any([lost.signal, AbortSignal.timeout(Math.ceil(leftMs))]);
    const answer = leftMs === 0 ? undefined : await etcd.call<{ result?: { TTL?: string } }>(
      "lease/keepalive",
      { ID: lease },
      { signal, timeoutMs: periodMs },
    ).catch(() => undefined);
    if (answer?.result?.TTL !== undefined) goodUntilMs = askedMs + ttlSeconds * 1000;
    const gone = answer !== undefined && answer.result?.TTL === undefined;
    if (gone || performance.now() >= goodUntilMs) {
      lost.abort(new Error("Cannot go on: the lease of the mutex is over"));
    }
  }
}
