import { type Clock, systemClock } from "$lib/clock/mod.ts";
import type { KubeClient } from "./client.ts";
import { isRefusal } from "./error.ts";
import { type ResourceType, TYPES } from "./paths.ts";

/** Settings of an election. */
export interface ElectionOptions {
  readonly kube: Pick<KubeClient, "find" | "create" | "patch">;
  readonly namespace: string;
  /** The lease's name. */
  readonly name: string;
  /** Who runs for it: another name with each process. */
  readonly identity: string;
  readonly log: (line: string) => void;
  /** How long a lease stands without being renewed, milliseconds. */
  readonly durationMs?: number;
  /** How often it is renewed, or looked at. */
  readonly periodMs?: number;
  readonly clock?: Clock;
}

interface Lease {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** A control plane under load, or one that is being upgraded, is slow to answer. */
const DURATION_MS = 60_000;
const PERIOD_MS = 5_000;

/**
 * One holder at a time, by a Lease of coordination.k8s.io. Clocks of others are not believed: a lease
 * has run out when it did not change for its duration by the own clock.
 */
export class Election {
  #seen = { version: "", atMs: 0 };
  #told = "";

  constructor(readonly options: ElectionOptions) {}

  /**
   * Does `work` while the lease is held, again each time that it is won, until `signal` fires. The
   * signal that `work` gets fires before others may take the lease. What `work` throws goes through.
   */
  async hold(signal: AbortSignal, work: (held: AbortSignal) => Promise<void>): Promise<void> {
    const { clock = systemClock, periodMs = PERIOD_MS } = this.options;
    while (!signal.aborted) {
      if (await this.#attempt(signal)) await this.#term(signal, work);
      else await clock.sleep(periodMs, signal);
    }
  }

  async #term(signal: AbortSignal, work: (held: AbortSignal) => Promise<void>): Promise<void> {
    const { log, name } = this.options;
    log(`holds lease "${name}"`);
    const lost = new AbortController();
    const over = new AbortController();
    const renewing = this.#renew(AbortSignal.any([signal, over.signal]), lost);
    try {
      await work(AbortSignal.any([signal, lost.signal]));
    } finally {
      over.abort();
      await renewing;
      if (!lost.signal.aborted) await this.#release();
    }
  }

  async #renew(signal: AbortSignal, lost: AbortController): Promise<void> {
    const { clock = systemClock, periodMs = PERIOD_MS, durationMs = DURATION_MS, log, name } =
      this.options;
    let renewedMs = clock.monotonic();
    const leftMs = () => renewedMs + durationMs * 2 / 3 - clock.monotonic();
    while (!signal.aborted) {
      await clock.sleep(Math.min(periodMs, Math.max(0, leftMs())), signal);
      if (signal.aborted) return;
      const askedMs = clock.monotonic();
      // Two calls at most: they end before others may take the lease, also where nobody answers.
      if (await this.#attempt(signal, Math.max(1, leftMs() / 2))) renewedMs = askedMs;
      else if (leftMs() <= 0) {
        log(`lost lease "${name}": it could not be renewed`);
        return lost.abort();
      }
    }
  }

  /** Takes the lease or renews it; false when another holds it or the API server does not answer. */
  async #attempt(signal: AbortSignal, callMs = Infinity): Promise<boolean> {
    try {
      const fault = await this.#claim(signal, callMs);
      this.#tell(fault ?? "");
      return fault === undefined;
    } catch (error) {
      if (!signal.aborted) this.#tell(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  #tell(fault: string): void {
    if (fault !== "" && fault !== this.#told) this.options.log(fault);
    this.#told = fault;
  }

  async #claim(signal: AbortSignal, callMs: number): Promise<string | undefined> {
    const { kube, namespace, name, identity, durationMs = DURATION_MS } = this.options;
    const { clock = systemClock } = this.options;
    const call = { signal, timeoutMs: Math.min(10_000, durationMs / 4, callMs) };
    const now = microTime(clock.now());
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      renewTime: now,
    };
    const lease = await kube.find<Lease>(LEASES, { namespace, name }, call);
    try {
      if (!lease) {
        const made = { ...spec, acquireTime: now, leaseTransitions: 0 };
        await kube.create(LEASES, { namespace }, leaseOf(name, made), call);
        return undefined;
      }
      const holder = lease.spec?.holderIdentity ?? "";
      if (holder !== "" && holder !== identity && !this.#ranOut(lease)) {
        return `waits for lease "${name}", which ${holder} holds`;
      }
      const taken = { acquireTime: now, leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1 };
      await kube.patch(LEASES, { namespace, name }, {
        metadata: { resourceVersion: lease.metadata.resourceVersion },
        spec: { ...spec, ...(holder === identity ? {} : taken) },
      }, call);
      return undefined;
    } catch (error) {
      if (isRefusal(error, "Conflict") || isRefusal(error, "AlreadyExists")) {
        return `waits for lease "${name}", which another has just taken`;
      }
      throw error;
    }
  }

  #ranOut({ metadata, spec }: Lease): boolean {
    const { clock = systemClock } = this.options;
    const now = clock.monotonic();
    if (metadata.resourceVersion !== this.#seen.version) {
      this.#seen = { version: metadata.resourceVersion, atMs: now };
    }
    return now - this.#seen.atMs > (spec?.leaseDurationSeconds ?? 0) * 1000;
  }

  /** Lets the next holder in at once. */
  async #release(): Promise<void> {
    const { kube, namespace, name, identity, log } = this.options;
    const call = { timeoutMs: 3_000 };
    try {
      const lease = await kube.find<Lease>(LEASES, { namespace, name }, call);
      if (lease?.spec?.holderIdentity !== identity) return;
      const { resourceVersion } = lease.metadata;
      const patch = { metadata: { resourceVersion }, spec: { holderIdentity: "" } };
      await kube.patch(LEASES, { namespace, name }, patch, call);
    } catch (error) {
      log(`Cannot release lease "${name}": ${error instanceof Error ? error.message : error}`);
    }
  }
}

const LEASES: ResourceType = TYPES.leases;

function leaseOf(name: string, spec: object): object {
  return { apiVersion: LEASES.apiVersion, kind: "Lease", metadata: { name }, spec };
}

/** A time as leases have it, in microseconds. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
