import { Code } from "@connectrpc/connect";
import type { Status } from "./status.ts";

/** A call in progress, as the registry sees it. */
export interface OpenCall {
  /** When bytes of the request last came, by `performance.now()`; undefined once it is complete. */
  readonly waitingSince: number | undefined;
  /** Ends the call with `status`. */
  fail(status: Status): void;
}

/** Bounds on the calls of one server. */
export interface CallLimits {
  /** Calls open at once; one more is refused. */
  readonly maxCalls: number;
  /** A request of which nothing more came for this long is dropped. */
  readonly stallMs: number;
}

/** 4,096 calls at once, 20 seconds of patience with a request that stops coming. */
export const CALL_LIMITS: CallLimits = { maxCalls: 4_096, stallMs: 20_000 };

/** The calls that one server has open: bounds their number and drops those whose sender stalls. */
export class CallRegistry {
  readonly #calls = new Set<OpenCall>();
  readonly #limits: CallLimits;
  readonly #sweep: ReturnType<typeof setInterval>;

  constructor(limits: Partial<CallLimits> = {}) {
    this.#limits = { ...CALL_LIMITS, ...limits };
    this.#sweep = setInterval(() => this.#dropStalled(), Math.min(5_000, this.#limits.stallMs / 2));
  }

  /** How many calls are open. */
  get size(): number {
    return this.#calls.size;
  }

  /** Takes `call` in, or says why it cannot. */
  add(call: OpenCall): Status | undefined {
    if (this.#calls.size >= this.#limits.maxCalls) {
      return {
        code: Code.ResourceExhausted,
        message: `Cannot take call: ${this.#limits.maxCalls} are open`,
      };
    }
    this.#calls.add(call);
    return undefined;
  }

  /** Forgets a call that ended. */
  delete(call: OpenCall): void {
    this.#calls.delete(call);
  }

  /** Ends every open call as Unavailable and stops watching. */
  close(): void {
    clearInterval(this.#sweep);
    for (const call of this.#calls) {
      call.fail({ code: Code.Unavailable, message: "Cannot finish call: the server stops" });
    }
  }

  #dropStalled(): void {
    const before = performance.now() - this.#limits.stallMs;
    for (const call of this.#calls) {
      if (call.waitingSince === undefined || call.waitingSince > before) continue;
      call.fail({
        code: Code.DeadlineExceeded,
        message: `Cannot read request: nothing came for ${this.#limits.stallMs} ms`,
      });
    }
  }
}
