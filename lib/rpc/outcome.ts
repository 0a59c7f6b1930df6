import { Code } from "@connectrpc/connect";
import type { HeaderFields, Http2Stream } from "$lib/http2/mod.ts";
import { type Status, statusOfHttp, statusOfReset } from "./status.ts";

/** What is wrong with the response headers of a call to `who`, if they are not gRPC's. */
export function responseFault(headers: HeaderFields, who: string): Status | undefined {
  const httpStatus = Number(headers[":status"]);
  const isGrpc = (headers["content-type"] ?? "").startsWith("application/grpc");
  if (httpStatus === 200 && (isGrpc || headers["grpc-status"] !== undefined)) return undefined;
  return statusOfHttp(httpStatus, who);
}

/** How a call to `who` ended whose stream closed before it gave a status. */
export function closedStatus(up: Http2Stream, who: string): Status {
  if (up.session.destroyed) {
    return { code: Code.Unavailable, message: `Cannot call ${who}: the connection broke` };
  }
  if (up.errorCode !== undefined) return statusOfReset(up.errorCode, who);
  return { code: Code.Internal, message: `Cannot call ${who}: it gave no status` };
}

/** How a call ends whose target cannot be reached. */
export function unreachable(who: string, error: unknown): Status {
  const reason = error instanceof Error ? error.message : String(error);
  return { code: Code.Unavailable, message: `Cannot reach ${who}: ${reason}` };
}

/** How a call ends whose deadline passed. */
export function deadlinePassed(ms: number | undefined): Status {
  return {
    code: Code.DeadlineExceeded,
    message: `Cannot finish call: its deadline of ${ms} ms passed`,
  };
}
