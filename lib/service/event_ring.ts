import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type {
  PhaseEventSchema,
  RestartEventSchema,
  SequenceEventSchema,
  ServiceStateEventSchema,
  TaskEventSchema,
} from "$proto/machine/machine_pb.ts";
import { Wake } from "./_wake.ts";
import { type Clock, systemClock } from "$lib/clock/mod.ts";
import { isXid, XidSource } from "./xid.ts";

/** The message types that are published as events. */
export type EventSchema =
  | typeof SequenceEventSchema
  | typeof PhaseEventSchema
  | typeof TaskEventSchema
  | typeof ServiceStateEventSchema
  | typeof RestartEventSchema;

/** One event, encoded as it goes over the wire. */
export interface RingEvent {
  /** Sorts after the id of each earlier event. */
  readonly id: string;
  /** `talos/runtime/<message type>`. */
  readonly typeUrl: string;
  /** The encoded message. */
  readonly value: Uint8Array;
}

/** Where a watch starts; the first of these that is set and not zero counts, none means "from now". */
export interface EventPosition {
  /** The last so many events; negative means all that are kept. */
  readonly tailEvents?: number;
  /** Events after this id. */
  readonly tailId?: string;
  /** Events of the last so many seconds. */
  readonly tailSeconds?: number;
}

/** Thrown to a watcher that fell so far behind that events it has not seen were overwritten. */
export class OverrunError extends Error {
  override readonly name = "OverrunError";
}

/** The prefix of every event's type URL. */
export const EVENT_TYPE_PREFIX = "talos/runtime/";

interface Slot extends RingEvent {
  readonly atMs: number;
}

/** The last 1000 events of the node, for any number of watchers at their own pace. */
export class EventRing {
  readonly #capacity: number;
  readonly #gap: number;
  readonly #clock: Clock;
  readonly #ids: XidSource;
  readonly #wake = new Wake();
  readonly #slots: Slot[] = [];
  #written = 0;

  constructor(options: { capacity?: number; gap?: number; clock?: Clock } = {}) {
    this.#capacity = options.capacity ?? 1000;
    this.#gap = options.gap ?? 10;
    this.#clock = options.clock ?? systemClock;
    this.#ids = new XidSource(() => this.#clock.now());
  }

  /** Publishes one event and returns its id. */
  publish<Desc extends EventSchema>(schema: Desc, init: MessageInitShape<Desc>): string {
    const id = this.#ids.next();
    this.#slots[this.#written % this.#capacity] = {
      id,
      typeUrl: EVENT_TYPE_PREFIX + schema.typeName,
      value: encode(schema, init),
      atMs: this.#clock.monotonic(),
    };
    this.#written++;
    this.#wake.notify();
    return id;
  }

  /**
   * Yields events from `position` on until `signal` is aborted.
   * @throws {RangeError} at once, when the id of the position is malformed.
   * @throws {OverrunError} while iterating, when events not yet yielded were overwritten.
   */
  watch(position: EventPosition, signal: AbortSignal): AsyncGenerator<RingEvent, void> {
    return this.#from(this.#start(position), signal);
  }

  async *#from(start: number, signal: AbortSignal): AsyncGenerator<RingEvent, void> {
    let position = start;
    let last = "";
    while (!signal.aborted) {
      const behind = this.#written - position;
      if (behind > this.#capacity) {
        const where = last ? ` after event ${last}` : "";
        throw new OverrunError(
          `Cannot go on watching events: ${behind} were published unread${where}, ` +
            `${this.#capacity} are kept`,
        );
      }
      if (behind === 0) {
        await this.#wake.next(signal);
        continue;
      }
      const { id, typeUrl, value } = this.#slot(position);
      position++;
      last = id;
      yield { id, typeUrl, value };
    }
  }

  #start(position: EventPosition): number {
    const oldest = Math.max(0, this.#written - (this.#capacity - this.#gap));
    const { tailEvents = 0, tailId = "", tailSeconds = 0 } = position;
    if (tailEvents < 0) return oldest;
    if (tailEvents > 0) return Math.max(oldest, this.#written - tailEvents);
    if (tailId) {
      if (!isXid(tailId)) throw new RangeError(`Cannot watch events: "${tailId}" is no event id`);
      return this.#first(oldest, (slot) => slot.id > tailId);
    }
    if (tailSeconds > 0) {
      const since = this.#clock.monotonic() - tailSeconds * 1000;
      return this.#first(oldest, (slot) => slot.atMs >= since);
    }
    return this.#written;
  }

  /** The first position from `oldest` on that `test` holds for; ids and times only grow. */
  #first(oldest: number, test: (slot: Slot) => boolean): number {
    let low = oldest;
    let high = this.#written;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (test(this.#slot(middle))) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #slot(position: number): Slot {
    return this.#slots[position % this.#capacity] as Slot;
  }
}

function encode<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Uint8Array {
  const message: MessageShape<Desc> = create(schema, init);
  return toBinary(schema, message);
}
