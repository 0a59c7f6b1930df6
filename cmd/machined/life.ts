/** The life of a machine: its sequences from power-on until it is asked, or forced, to end. */
import type { PowerAction, PowerRequest, PowerRequests } from "./pid1/power.ts";
import type { Sequence, Turn } from "./sequences/engine.ts";

/** How a life ends: as somebody asked, or with the failure of a sequence. */
export type Ending =
  | { readonly kind: "asked"; readonly action: PowerAction }
  | { readonly kind: "failed"; readonly error: Error };

/** What a life is made of. */
export interface LifeDeps {
  readonly run: (sequence: Sequence, turn?: Turn) => Promise<void>;
  /** Sequences from power-on, in order. Each is made when it is its turn; one may have nothing to do. */
  readonly start: readonly (() => Sequence | undefined | Promise<Sequence | undefined>)[];
  /** Called once the start is over, at its end or with its failure: this release runs. */
  readonly started: () => void;
  readonly finish: (action: PowerAction) => Sequence;
  readonly power: PowerRequests;
  /** A machine whose start failed stays up until it is asked to end (`panic=0`). */
  readonly staysAfterFailure: boolean;
  readonly log: (line: string) => void;
}

/**
 * Starts the machine, then waits for the first request. A request during the start takes over. The
 * requested action follows even when the sequence that prepares it fails: nobody can log in to help.
 */
export async function live(deps: LifeDeps): Promise<Ending> {
  const request = deps.power.next();
  const outcome = await Promise.race([request, startUp(deps)]);
  if (outcome === undefined) return await finish(deps, await request);
  if (outcome instanceof Error) {
    // A start that was interrupted by a request fails too: the request is the reason, not the failure.
    if (!deps.power.asked) {
      if (!deps.staysAfterFailure) return { kind: "failed", error: outcome };
      deps.log("panic=0: the machine stays up after the failure");
    }
    return await finish(deps, await request);
  }
  return await finish(deps, outcome);
}

async function startUp(deps: LifeDeps): Promise<Error | undefined> {
  try {
    for (const make of deps.start) {
      const sequence = await make();
      if (sequence) await deps.run(sequence);
      // An installation ends by asking for a reboot: nothing is to start beside that.
      if (deps.power.asked) return undefined;
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    deps.started();
  }
}

async function finish(deps: LifeDeps, request: PowerRequest): Promise<Ending> {
  deps.log(`${request.action} requested by ${request.origin}`);
  try {
    await deps.run(deps.finish(request.action), { takeover: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    deps.log(`${request.action} goes on without a clean end: ${reason}`);
  }
  return { kind: "asked", action: request.action };
}
