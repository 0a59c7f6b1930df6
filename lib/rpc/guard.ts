import { Code } from "@connectrpc/connect";
import type { HeaderFields, Http2Stream } from "$lib/http2/mod.ts";
import { answerStatus } from "./answer.ts";
import type { Status } from "./status.ts";

/** Largest sum of header names and values of one request. */
export const HEADER_LIMIT_BYTES = 16 * 1024;

/** A request that is gRPC by its headers. */
export interface GrpcRequest {
  /** Full service name, such as `machine.MachineService`. */
  readonly service: string;
  /** Method name, such as `Version`. */
  readonly method: string;
}

/**
 * What the headers ask for; anything but a gRPC request is answered here (as HTTP where the sender
 * does not speak gRPC) and gives nothing.
 */
export function admit(
  stream: Http2Stream,
  headers: HeaderFields,
): GrpcRequest | undefined {
  const httpStatus = httpFault(headers);
  if (httpStatus !== undefined) {
    stream.respond({ ":status": httpStatus }, { ended: true });
    return undefined;
  }
  const request = requestOf(headers);
  if ("service" in request) return request;
  answerStatus(stream, request);
  return undefined;
}

function httpFault(headers: HeaderFields): string | undefined {
  if (headers[":method"] !== "POST") return "405";
  const type = headers["content-type"];
  if (type === "application/grpc") return undefined;
  return type !== undefined && /^application\/grpc[+;]/.test(type) ? undefined : "415";
}

/** The service and method in the headers, or why there is none. */
export function requestOf(headers: HeaderFields): GrpcRequest | Status {
  if (headerBytes(headers) > HEADER_LIMIT_BYTES) {
    return {
      code: Code.ResourceExhausted,
      message: `Cannot take call: its headers are over ${HEADER_LIMIT_BYTES} bytes`,
    };
  }
  const path = headers[":path"] ?? "";
  const slash = path.indexOf("/", 1);
  if (path[0] !== "/" || slash < 2 || slash === path.length - 1) {
    return { code: Code.Unimplemented, message: `malformed method name: "${path.slice(0, 200)}"` };
  }
  return { service: path.slice(1, slash), method: path.slice(slash + 1) };
}

function headerBytes(headers: HeaderFields): number {
  let bytes = 0;
  for (const name in headers) {
    bytes += name.length + 32 + (headers[name] ?? "").length;
  }
  return bytes;
}
