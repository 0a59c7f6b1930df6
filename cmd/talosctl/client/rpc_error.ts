/** gRPC's status names, by code; the words Go's clients print. */
const NAMES = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
] as const;

/** Name of a gRPC status. */
export type StatusName = typeof NAMES[number];

/** A call that the node answered with a failure, or that did not get an answer. */
export class RpcError extends Error {
  override readonly name: string = "RpcError";
  constructor(readonly status: StatusName, readonly reason: string, options?: ErrorOptions) {
    super(`rpc error: code = ${status} desc = ${reason}`, options);
  }
}

/** A call that failed on this side of the wire: the reason is the whole message. */
export class LocalRpcError extends RpcError {
  override readonly name = "LocalRpcError";
  constructor(status: StatusName, reason: string, options?: ErrorOptions) {
    super(status, reason, options);
    this.message = reason;
  }
}

/** The name of a status code; codes nobody defined are Unknown. */
export function statusName(code: number): StatusName {
  return NAMES[code] ?? "Unknown";
}

/** A sentence out of whatever was thrown. */
export function reasonOf(error: unknown): string {
  if (error instanceof RpcError) return error.reason;
  return error instanceof Error ? error.message : String(error);
}
