/**
 * A machine that reads and writes one register of the cluster, and takes the cluster's turn again and
 * again, until its stdin ends: for tests of what a bad network does to them. What it saw goes to
 * stdout, a JSON line each; all times are milliseconds of the kernel's monotonic clock.
 *
 * Arguments: the machine's name, the URL of its member, CA file, certificate file, key file, writes a
 * second, seconds of the turn's lease.
 */
import { clockTime } from "$ffi/clock.ts";
import { systemClock } from "$lib/clock/mod.ts";
import { EtcdClient, memberStatus, readKey, withMutex, writeKey } from "$lib/etcd/mod.ts";
import type { Operation } from "./_linearizable.ts";
import { UPGRADE_MUTEX } from "./quorum.ts";

/** What a machine saw. */
export type Seen =
  | { readonly is: "ready" }
  | ({ readonly is: "operation" } & Omit<Operation, "toMs"> & {
    /** null when the answer never came. */
    readonly toMs: number | null;
  })
  | { readonly is: "turn"; readonly fromMs: number; readonly toMs: number }
  | { readonly is: "status"; readonly atMs: number; readonly leader: string; readonly id: string };

/** Milliseconds of a clock that every process of this host has. */
export function nowMs(): number {
  return Number(clockTime("MONOTONIC")) / 1e6;
}

const REGISTER = "test/register";
const CALL_MS = 4_000;
/** Most operations on their way; a user that waits for so many asks no more. */
const MOST = 40;
const READS_PER_SECOND = 15;
const STATUS_MS = 50;

if (import.meta.main) {
  const [name = "", url = "", ca = "", crt = "", key = "", rate = "", ttl = ""] = Deno.args;
  const read = (path: string) => Deno.readTextFileSync(path);
  const client = { crt: read(crt), key: read(key) };
  const etcd = new EtcdClient({ endpoints: [url], ca: read(ca), client });
  const over = new AbortController();
  const { signal } = over;
  const out = new TextEncoder();
  const say = (seen: Seen): void => {
    Deno.stdout.writeSync(out.encode(`${JSON.stringify(seen)}\n`));
  };
  let busy = 0;
  let written = 0;
  const operate = async (kind: Operation["kind"]): Promise<void> => {
    if (busy >= MOST || signal.aborted) return;
    busy++;
    const fromMs = nowMs();
    let value = kind === "write" ? `${name}${++written}` : undefined;
    let toMs: number | null = null;
    try {
      const call = { timeoutMs: CALL_MS };
      if (value !== undefined) await writeKey(etcd, REGISTER, value, call);
      else value = (await readKey(etcd, REGISTER, call)).value ?? "";
      toMs = nowMs();
    } catch {
      // Whether a write happened nobody knows; a read without an answer tells nothing.
    } finally {
      busy--;
    }
    if (value !== undefined) say({ is: "operation", kind, value, fromMs, toMs });
  };
  const takeTurns = async (): Promise<void> => {
    while (!signal.aborted) {
      const options = { name: UPGRADE_MUTEX, ttlSeconds: Number(ttl), waitMs: 10_000, signal };
      await withMutex(etcd, options, async (lost) => {
        const fromMs = nowMs();
        await systemClock.sleep(200 + Math.random() * 1_500, lost);
        say({ is: "turn", fromMs, toMs: nowMs() });
      }).catch(() => {});
      await systemClock.sleep(50, signal);
    }
  };
  const watchLeader = async (): Promise<void> => {
    while (!signal.aborted) {
      const status = await memberStatus(etcd, { timeoutMs: 1_000 }).catch(() => undefined);
      if (status) {
        say({ is: "status", atMs: nowMs(), leader: status.leader, id: status.memberId });
      }
      await systemClock.sleep(STATUS_MS, signal);
    }
  };
  const timers = [
    setInterval(() => void operate("write"), 1_000 / Number(rate)),
    setInterval(() => void operate("read"), 1_000 / READS_PER_SECOND),
  ];
  say({ is: "ready" });
  const ending = Deno.stdin.readable.pipeTo(new WritableStream()).then(() => over.abort());
  await Promise.all([ending, takeTurns(), watchLeader()]);
  for (const timer of timers) clearInterval(timer);
  while (busy > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  etcd[Symbol.dispose]();
}
