import { Code } from "@connectrpc/connect";
import type { HeaderFields, Http2Stream } from "$lib/http2/mod.ts";
import { answerStatus } from "./answer.ts";
import type { CallRegistry } from "./calls.ts";
import { deadlineMs, type DeadlineRules, formatTimeout } from "./deadline.ts";
import { relay } from "./relay.ts";
import type { Status } from "./status.ts";
import type { Upstream } from "./upstream.ts";

/** Where a call goes and by which rules. */
export interface PassOptions {
  readonly upstream: Upstream;
  readonly registry: CallRegistry;
  readonly deadlines: DeadlineRules;
  readonly messageBytes: number;
}

/** Passes an admitted call on as it came, with its deadline made explicit for the next hop. */
export function passOn(
  stream: Http2Stream,
  headers: HeaderFields,
  { upstream, registry, deadlines, messageBytes }: PassOptions,
): void {
  const ms = callDeadline(headers, deadlines);
  if (typeof ms === "object") return answerStatus(stream, ms);
  if (ms !== undefined) headers["grpc-timeout"] = formatTimeout(ms);
  relay(stream, { upstream, registry, messageBytes, headers, deadlineMs: ms });
}

/** Milliseconds the call may take, undefined for ever, or why its deadline cannot be read. */
export function callDeadline(
  headers: HeaderFields,
  rules: DeadlineRules,
): number | undefined | Status {
  const timeout = headers["grpc-timeout"];
  try {
    return deadlineMs(timeout, headers[":path"] ?? "", rules);
  } catch (error) {
    return { code: Code.Internal, message: error instanceof Error ? error.message : "" };
  }
}
