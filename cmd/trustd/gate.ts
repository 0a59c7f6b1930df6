/** Who may call: whoever knows the token, and not too often. */
import { Code } from "@connectrpc/connect";
import type { Status } from "$lib/rpc/mod.ts";
import { Pace } from "./pace.ts";
import { sameToken } from "./token.ts";

/** A node asks a few times a day; one that starts anew again and again still gets through. */
const CALLS = { burst: 20, perSecond: 0.5, maxKnown: 1_024 } as const;
/** Guesses of one address. Tokens are long; this keeps the log readable and the processor free. */
const GUESSES = { burst: 5, perSecond: 0.1, maxKnown: 1_024 } as const;
/** All addresses together: what signing may cost this machine. */
const ALL = { burst: 200, perSecond: 20, maxKnown: 1 } as const;

/** Decides on each call before any of its body is read. */
export class Gate {
  readonly #calls: Pace;
  readonly #guesses: Pace;
  readonly #all: Pace;

  constructor(readonly deps: { readonly token: () => string; readonly nowMs: () => number }) {
    this.#calls = new Pace(CALLS, deps.nowMs);
    this.#guesses = new Pace(GUESSES, deps.nowMs);
    this.#all = new Pace(ALL, deps.nowMs);
  }

  /** Why `peer` may not call with what it shows as token; nothing when it may. */
  refusal(peer: string, token: string | undefined): Status | undefined {
    if (token === undefined || !sameToken(token, this.deps.token())) {
      // Only of wrong ones: behind one address there may be nodes that know the right one.
      if (!this.#guesses.take(peer)) return tooMany("wrong tokens came from this address");
      return {
        code: Code.Unauthenticated,
        message: token === undefined
          ? 'Cannot trust caller: it shows no "token"'
          : "Cannot trust caller: its token is not machine.token of this cluster",
      };
    }
    if (!this.#calls.take(peer)) return tooMany("calls came from this address");
    if (!this.#all.take("")) return tooMany("calls came");
    return undefined;
  }
}

function tooMany(what: string): Status {
  return {
    code: Code.ResourceExhausted,
    message: `Cannot take call: too many ${what}, try again in a minute`,
  };
}
