/**
 * Why a state refused: no such resource; changed or still in use meanwhile; on its way out; owned by
 * another; outside of what a controller declared; a watcher too slow; a spec that is not plain data.
 */
export type StateFault =
  | "notFound"
  | "conflict"
  | "phase"
  | "owner"
  | "refused"
  | "overrun"
  | "invalid";

/** What every operation on a state throws; ask for its `kind`, not for its class. */
export class StateError extends Error {
  override readonly name = "StateError";

  constructor(readonly kind: StateFault, message: string) {
    super(message);
  }
}

/** Whether `error` came from a state, for this reason. */
export function isFault(error: unknown, kind: StateFault): boolean {
  return error instanceof StateError && error.kind === kind;
}
