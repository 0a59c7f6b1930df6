/** Whether a member of etcd may go for a while, and that only one goes at a time. */
import {
  checkHealth,
  type EtcdClient,
  listMembers,
  type Member,
  withMutex,
} from "$lib/etcd/mod.ts";
import { aborted } from "$lib/clock/mod.ts";
import { messageOf } from "$lib/service/mod.ts";

/** The members of a cluster take turns by it; those of 0.9 know it by the same name. */
export const UPGRADE_MUTEX = "talos:v1:etcdUpgradeMutex";
/** How long a member may take to answer through a majority, milliseconds. */
const HEALTH_MS = 15_000;

/** What is asked of etcd. */
export interface QuorumDeps {
  /** A client of these members. */
  readonly at: (endpoints: readonly string[]) => Promise<EtcdClient>;
  /** Whether the data of the member that goes stays. */
  readonly preserve: boolean;
  /** What is to be done, for messages; an upgrade unless told. */
  readonly what?: string;
}

/** Why a cluster of so many members cannot do without one, if it cannot. */
export function sizeFault(count: number, preserve: boolean): string | undefined {
  // With its data kept a member comes back as it was: what is lost is the time until then.
  if (preserve) return undefined;
  if (count === 1) {
    return "only 1 etcd member found. assuming this is not an HA setup and refusing to upgrade";
  }
  return count === 2
    ? "etcd member count(2) is insufficient to maintain quorum if upgrade commences"
    : undefined;
}

/** Gives the number of members. @throws {Error} when the cluster would lose its quorum, or what is on it */
export async function checkQuorum(
  etcd: EtcdClient,
  { at, preserve, what = "an upgrade" }: QuorumDeps,
  signal: AbortSignal,
): Promise<number> {
  const members = await listMembers(etcd, { signal });
  const fault = sizeFault(members.length, preserve);
  if (fault !== undefined) throw new Error(fault);
  for (const member of members) await checkMember(member, { at, what }, signal);
  return members.length;
}

async function checkMember(
  { id, name, clientUrls }: Member,
  { at, what }: Required<Pick<QuorumDeps, "at" | "what">>,
  signal: AbortSignal,
): Promise<void> {
  if (name === "" || clientUrls.length === 0) {
    throw new Error(
      `etcd member ${id} is not started, all members must be running to perform ${what}`,
    );
  }
  try {
    using client = await at(clientUrls);
    await checkHealth(client, { signal, timeoutMs: HEALTH_MS });
  } catch (cause) {
    throw new Error(
      `etcd member ${id} is not healthy; all members must be healthy to perform ${what}: ` +
        messageOf(cause),
      { cause },
    );
  }
}

/** A turn that is held until it is given back, or its holder is gone for a minute. */
export interface Turn {
  /** Fires when others may have gone on: this machine stood still, or heard nothing of etcd. */
  readonly lost: AbortSignal;
  /** It is given back, or lost, and etcd is not needed for it any more. */
  readonly ended: Promise<void>;
  release(): void;
}

/** How a turn is waited for. */
export interface TurnOptions {
  readonly signal: AbortSignal;
  readonly waitMs: number;
  /** Seconds after which others go on when the holder is gone; 60 unless told. */
  readonly ttlSeconds?: number;
}

/**
 * Takes the turn of the cluster when `check` has nothing against it: the check runs while the turn is
 * held, so what it found stands until whoever holds it has gone down.
 *
 * @throws {Error} when it cannot be had
 */
export async function takeTurn(
  etcd: EtcdClient,
  check: (signal: AbortSignal) => Promise<void>,
  { signal, waitMs, ttlSeconds }: TurnOptions,
): Promise<Turn> {
  const taken = Promise.withResolvers<Turn>();
  const over = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let holding = false;
  // The call that asked ends before the turn does.
  const waiting = new AbortController();
  if (signal.aborted) waiting.abort(signal.reason);
  signal.addEventListener("abort", () => holding || waiting.abort(signal.reason), { once: true });
  const ttl = ttlSeconds === undefined ? {} : { ttlSeconds };
  const options = { name: UPGRADE_MUTEX, waitMs, signal: waiting.signal, ...ttl };
  withMutex(etcd, options, async (lost) => {
    holding = true;
    await check(lost);
    taken.resolve({ lost, ended: ended.promise, release: () => over.resolve() });
    await Promise.race([over.promise, aborted(lost)]);
  }).catch((cause) => {
    taken.reject(
      holding ? cause : new Error(`failed to acquire upgrade lock: ${messageOf(cause)}`, { cause }),
    );
  }).finally(ended.resolve);
  return await taken.promise;
}
