import { ServiceStateEventSchema } from "$proto/machine/machine_pb.ts";
import { type Clock, systemClock } from "$lib/clock/mod.ts";
import type { EventRing } from "./event_ring.ts";
import { dependencyCycle, dependents } from "./order.ts";
import { ServiceRecord, type ServiceStatus, stateAction } from "./record.ts";
import type { Service } from "./service.ts";
import { Supervisor } from "./supervisor.ts";
import { Wake } from "./_wake.ts";

/** Settings of a service manager. */
export interface ServiceManagerOptions {
  /** Gets a ServiceStateEvent for each change. */
  readonly events?: EventRing;
  /** Gets one line for each change. */
  readonly log?: (line: string) => void;
  readonly clock?: Clock;
  /** Milliseconds from a failure to the next start; 5,000 unless told. */
  readonly backoffMs?: number;
  /** Milliseconds a stop waits for the services that depend on the one to stop; 30,000 unless told. */
  readonly stopLimitMs?: number;
}

interface Entry {
  readonly service: Service;
  readonly record: ServiceRecord;
  readonly supervisor: Supervisor;
}

/** The fixed set of services of a node: starts them in order, keeps them up, stops them in reverse. */
export class ServiceManager {
  readonly #entries = new Map<string, Entry>();
  readonly #changed = new Wake();
  readonly #options: ServiceManagerOptions;
  readonly #clock: Clock;

  constructor(options: ServiceManagerOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Adds services, not yet started.
   * @throws {Error} when an id is taken or the dependencies run in a circle.
   */
  load(...services: Service[]): void {
    const all = [...this.#entries.values()].map((entry) => entry.service).concat(services);
    const ids = new Set<string>();
    for (const { id } of all) {
      if (ids.has(id)) throw new Error(`Cannot load service "${id}": it is loaded already`);
      ids.add(id);
    }
    const cycle = dependencyCycle(all);
    if (cycle) throw new Error(`Cannot load services: circle of ${cycle.join(" → ")}`);
    for (const service of services) this.#entries.set(service.id, this.#entry(service));
    this.#changed.notify();
  }

  /** Starts these services, all when none is named; each waits for those it depends on. */
  start(...ids: string[]): void {
    const chosen = ids.length ? ids : [...this.#entries.keys()];
    for (const entry of chosen.map((id) => this.#get("start", id))) entry.supervisor.start();
  }

  /**
   * Stops these services and all that depend on them, dependents first; all when none is named.
   * @throws {Error} when one is still not down after the limit; the others are stopped all the same.
   */
  async stop(...ids: string[]): Promise<void> {
    const chosen = ids.length ? ids : [...this.#entries.keys()];
    for (const id of chosen) this.#get("stop", id);
    const services = [...this.#entries.values()].map((entry) => entry.service);
    const doomed = [...new Set(chosen.flatMap((id) => [id, ...dependents(services, id)]))];
    const stops = new Map<string, Promise<void>>();
    const stopOne = (id: string): Promise<void> => {
      const known = stops.get(id);
      if (known) return known;
      const first = dependents(services, id).map(stopOne);
      const stopped = this.#stopAfter(id, first);
      stops.set(id, stopped);
      return stopped;
    };
    const results = await Promise.allSettled(doomed.map(stopOne));
    const faults = results.flatMap((r) => r.status === "rejected" ? [r.reason as Error] : []);
    if (faults.length === 1) throw faults[0];
    if (faults.length) throw new AggregateError(faults, faults.map((f) => f.message).join("; "));
  }

  /** Stops only this service, not its dependents, and starts it again. */
  async restart(id: string): Promise<void> {
    const { supervisor } = this.#get("restart", id);
    await this.#limited(id, supervisor.stop());
    supervisor.start();
  }

  /** The status of one service, or undefined for an unknown id. */
  status(id: string): ServiceStatus | undefined {
    return this.#entries.get(id)?.record.status;
  }

  /** The status of every service, sorted by id. */
  list(): ServiceStatus[] {
    return [...this.#entries.keys()].sort().map((id) => this.#get("list", id).record.status);
  }

  /** The definition of one service, or undefined for an unknown id. */
  find(id: string): Service | undefined {
    return this.#entries.get(id)?.service;
  }

  /**
   * Resolves once all these services are up.
   * @throws {Error} after `timeoutMs`, naming those that are not, or when `signal` is aborted.
   */
  async waitUp(
    ids: readonly string[],
    options: { timeoutMs?: number; signal?: AbortSignal } = {},
  ): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, ...options.signal ? [options.signal] : []]);
    let late = false;
    if (options.timeoutMs !== undefined) {
      this.#clock.sleep(options.timeoutMs, signal).then(() => {
        late = true;
        over.abort();
      });
    }
    try {
      await this.#untilUp(ids, signal);
    } catch (error) {
      if (!late || options.signal?.aborted) throw error;
      const missing = ids.filter((id) => !this.status(id)?.up).map((id) => this.#describe(id));
      throw new Error(
        `Cannot wait for services: not up after ${options.timeoutMs} ms: ${missing.join(", ")}`,
      );
    } finally {
      over.abort();
    }
  }

  async #untilUp(ids: readonly string[], signal: AbortSignal): Promise<void> {
    while (!ids.every((id) => this.#entries.get(id)?.record.up)) {
      signal.throwIfAborted();
      await this.#changed.next(signal);
    }
  }

  /** Stops `id` once those before it are down, or did not get there within the limit. */
  async #stopAfter(id: string, first: readonly Promise<void>[]): Promise<void> {
    if (first.length) {
      await this.#limited(id, Promise.allSettled(first).then(() => {})).catch(() => {});
    }
    await this.#limited(id, this.#get("stop", id).supervisor.stop());
  }

  /** Waits for `stopped`, but no longer than the limit. */
  async #limited(id: string, stopped: Promise<void>): Promise<void> {
    const limitMs = this.#options.stopLimitMs ?? 30_000;
    const over = new AbortController();
    const late = this.#clock.sleep(limitMs, over.signal).then(() => {
      if (over.signal.aborted) return;
      throw new Error(`Cannot stop service "${id}": it still runs after ${limitMs} ms`);
    });
    try {
      await Promise.race([stopped, late]);
    } finally {
      over.abort();
    }
  }

  #describe(id: string): string {
    const status = this.status(id);
    if (!status) return `${id} (not loaded)`;
    return `${id} (${status.state}: ${status.events.at(-1)?.message ?? "never started"})`;
  }

  #get(operation: string, id: string): Entry {
    const entry = this.#entries.get(id);
    if (!entry) throw new Error(`Cannot ${operation} service "${id}": it is not defined`);
    return entry;
  }

  #entry(service: Service): Entry {
    const record = new ServiceRecord(service.id, {
      hasHealthCheck: service.health !== undefined,
      now: () => this.#clock.now(),
      onEvent: (id, { state, message }, health) => {
        this.#changed.notify();
        const healthNow = {
          unknown: health.unknown,
          healthy: health.healthy,
          lastMessage: health.lastMessage,
          lastChange: toTimestamp(health.lastChangeMs),
        };
        this.#options.events?.publish(ServiceStateEventSchema, {
          service: id,
          action: stateAction(state),
          message,
          health: healthNow,
        });
        this.#options.log?.(`service[${id}](${state}): ${message}`);
      },
    });
    const supervisor = new Supervisor(service, {
      record,
      clock: this.#clock,
      backoffMs: this.#options.backoffMs ?? 5_000,
      waitForUp: (ids, signal) => this.#untilUp(ids, signal),
    });
    return { service, record, supervisor };
  }
}

function toTimestamp(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
