import type { Socket } from "node:net";
import { Code } from "@connectrpc/connect";
import type { HeaderFields, Http2Stream } from "$lib/http2/mod.ts";
import {
  admit,
  answerStatus,
  callDeadline,
  CallRegistry,
  type DeadlineRules,
  formatTimeout,
  isStreaming,
  type OnStream,
  passOn,
  type Status,
  type Upstream,
} from "$lib/rpc/mod.ts";
import { ByteBudget } from "./budget.ts";
import { fanOut } from "./fan_out.ts";
import { MAX_NODES, nodeAddress, nodeNames } from "./nodes.ts";
import type { Peers } from "./peers.ts";
import type { Standing } from "./standing.ts";

/** What the proxy needs to know. */
export interface ProxyOptions {
  /** routerd of this node. */
  readonly local: Upstream;
  readonly peers: Peers;
  readonly registry: CallRegistry;
  readonly deadlines: DeadlineRules;
  readonly messageBytes: number;
  /** Port of a node that is addressed without one. */
  readonly nodePort: () => number;
  /** What this node may do for its callers now. */
  readonly standing: () => Standing;
  /** Bytes that calls to several nodes may hold in memory together. */
  readonly heldBytes: number;
}

/** The handler of apid's calls: to this node's routerd, or to each of the nodes a call names. */
export function proxy(options: ProxyOptions): OnStream {
  const budget = new ByteBudget(options.heldBytes);
  return (stream, headers) => {
    if (!admit(stream, headers)) return;
    const nodes = headers["nodes"];
    if (nodes === undefined || headers["proxyfrom"] !== undefined) {
      passOn(stream, headers, { ...options, upstream: options.local });
    } else toNodes(stream, headers, nodeNames(nodes), budget, options);
  };
}

function toNodes(
  stream: Http2Stream,
  headers: HeaderFields,
  names: readonly string[],
  budget: ByteBudget,
  options: ProxyOptions,
): void {
  const { registry, messageBytes } = options;
  const deadlineMs = callDeadline(headers, options.deadlines);
  if (typeof deadlineMs === "object") return answerStatus(stream, deadlineMs);
  if (names.length === 0 || names.length > MAX_NODES) {
    return answerStatus(stream, {
      code: Code.InvalidArgument,
      message: `Cannot call ${names.length} nodes: one to ${MAX_NODES} may be named`,
    });
  }
  fanOut(stream, {
    nodes: names.map((name) => ({ name, upstream: upstreamOf(name, options) })),
    headers: onwardHeaders(headers, peerOf(stream), deadlineMs),
    streaming: isStreaming(headers[":path"] ?? ""),
    deadlineMs,
    messageBytes,
    registry,
    budget,
  });
}

/** A node that other nodes do not take calls from answers for itself, and says where others are asked. */
function upstreamOf(name: string, options: ProxyOptions): Upstream | Status {
  const { local, peers, nodePort, standing } = options;
  try {
    const address = nodeAddress(name, nodePort());
    const { passesOn, isSelf } = standing();
    if (passesOn) return peers.upstream(address);
    if (isSelf(address.host)) return local;
    return {
      code: Code.FailedPrecondition,
      message: `Cannot call "${name}": the endpoint is a worker, and passes no calls on; ` +
        "use a control plane node as endpoint",
    };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { code: Code.InvalidArgument, message: error.message };
  }
}

/** Headers of the calls to nodes: the client's, but for the routing that is done here. */
export function onwardHeaders(
  headers: HeaderFields,
  peer: string,
  deadlineMs: number | undefined,
): HeaderFields {
  const onward: HeaderFields = { ...headers, proxyfrom: peer };
  delete onward["nodes"];
  delete onward[":authority"];
  delete onward["host"];
  // Replies are rewritten here, so they must come as they are.
  delete onward["grpc-accept-encoding"];
  if (deadlineMs !== undefined) onward["grpc-timeout"] = formatTimeout(deadlineMs);
  return onward;
}

function peerOf({ session }: Http2Stream): string {
  return (session.socket as Socket).remoteAddress ?? "unix";
}
