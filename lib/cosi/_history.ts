import type { ResourceEvent } from "./state.ts";
import { StateError } from "./state_error.ts";

/** The last events of one kind. Watchers hold a position and no copy, so one that sleeps costs nothing. */
export class History {
  readonly #capacity: number;
  readonly #events: ResourceEvent[] = [];
  readonly #readers = new Set<() => void>();
  #written = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The position after the newest event. */
  get end(): number {
    return this.#written;
  }

  add(event: ResourceEvent): void {
    this.#events[this.#written % this.#capacity] = event;
    this.#written++;
    for (const poke of this.#readers) poke();
  }

  /** Calls `poke` after each change, until what this gives is called. */
  follow(poke: () => void): () => void {
    this.#readers.add(poke);
    return () => void this.#readers.delete(poke);
  }

  /** The event at a position before the end. @throws {StateError} overrun when it is kept no more. */
  at(position: number): ResourceEvent {
    const behind = this.#written - position;
    if (behind > this.#capacity) {
      throw new StateError(
        "overrun",
        `Cannot go on watching: ${behind} changes were not read, ${this.#capacity} are kept`,
      );
    }
    return this.#events[position % this.#capacity] as ResourceEvent;
  }
}
