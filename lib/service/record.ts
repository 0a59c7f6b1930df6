import { ServiceStateEvent_Action } from "$proto/machine/machine_pb.ts";
import type { ServiceState } from "./service.ts";

/** How many state events of a service are kept. */
export const MAX_STATE_EVENTS = 64;

/** One entry of a service's history. */
export interface StateEvent {
  readonly state: ServiceState;
  readonly message: string;
  /** Wall time in milliseconds. */
  readonly atMs: number;
}

/** The health of a service as its last check left it. */
export interface ServiceHealth {
  /** No check has ended since the service runs, or there is none. */
  readonly unknown: boolean;
  readonly healthy: boolean;
  readonly lastMessage: string;
  /** Wall time in milliseconds of the last change. */
  readonly lastChangeMs: number;
}

/** All there is to know about one service. */
export interface ServiceStatus {
  readonly id: string;
  readonly state: ServiceState;
  readonly health: ServiceHealth;
  /** Whether dependents may start: skipped, finished, or running and not known to be unhealthy. */
  readonly up: boolean;
  /** The last 64 events, oldest first. */
  readonly events: readonly StateEvent[];
}

/** The action of the API's ServiceStateEvent for a state. */
export function stateAction(state: ServiceState): ServiceStateEvent_Action {
  const name = state.toUpperCase() as keyof typeof ServiceStateEvent_Action;
  return ServiceStateEvent_Action[name];
}

/** Whether dependents of a service in this state may start. */
export function isUp(state: ServiceState, hasHealthCheck: boolean, health: ServiceHealth): boolean {
  if (state === "Skipped" || state === "Finished") return true;
  return state === "Running" && (!hasHealthCheck || (!health.unknown && health.healthy));
}

/** The state, health and history of one service; every change is told to `onEvent`. */
export class ServiceRecord {
  #state: ServiceState = "Initialized";
  #health: ServiceHealth;
  #events: StateEvent[] = [];

  constructor(
    readonly id: string,
    readonly options: {
      readonly hasHealthCheck: boolean;
      readonly now: () => number;
      readonly onEvent: (id: string, event: StateEvent, health: ServiceHealth) => void;
    },
  ) {
    this.#health = this.#unknownHealth();
  }

  get state(): ServiceState {
    return this.#state;
  }

  get up(): boolean {
    return isUp(this.#state, this.options.hasHealthCheck, this.#health);
  }

  get status(): ServiceStatus {
    return {
      id: this.id,
      state: this.#state,
      health: this.#health,
      up: this.up,
      events: [...this.#events],
    };
  }

  /** Enters `state` and keeps `message` as its reason; health is unknown outside of Running. */
  set(state: ServiceState, message: string): void {
    if (state !== this.#state && !this.#health.unknown) this.#health = this.#unknownHealth();
    this.#state = state;
    this.#add(message);
  }

  /** Takes the result of a health check; only a change of it is an event. */
  setHealth(healthy: boolean, message: string): void {
    if (this.#state !== "Running") return;
    const changed = this.#health.unknown || this.#health.healthy !== healthy;
    const lastChangeMs = changed ? this.options.now() : this.#health.lastChangeMs;
    this.#health = { unknown: false, healthy, lastMessage: message, lastChangeMs };
    if (!changed) return;
    this.#add(healthy ? "Health check successful" : `Health check failed: ${message}`);
  }

  #add(message: string): void {
    const event = { state: this.#state, message, atMs: this.options.now() };
    this.#events = [...this.#events.slice(1 - MAX_STATE_EVENTS), event];
    try {
      this.options.onEvent(this.id, event, this.#health);
    } catch {
      // A log or event sink that fails must not take down the service that it tells about.
    }
  }

  #unknownHealth(): ServiceHealth {
    return { unknown: true, healthy: false, lastMessage: "", lastChangeMs: this.options.now() };
  }
}
