import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Code } from "@connectrpc/connect";
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
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): GrpcRequest | undefined {
  stream.on("error", () => {});
  const httpStatus = httpFault(headers);
  if (httpStatus !== undefined) {
    stream.respond({ ":status": httpStatus }, { endStream: true });
    return undefined;
  }
  const request = requestOf(headers);
  if ("service" in request) return request;
  answerStatus(stream, request);
  return undefined;
}

function httpFault(headers: IncomingHttpHeaders): number | undefined {
  if (headers[":method"] !== "POST") return 405;
  const type = headers["content-type"];
  if (type === "application/grpc") return undefined;
  return type !== undefined && /^application\/grpc[+;]/.test(type) ? undefined : 415;
}

/** The service and method in the headers, or why there is none. */
export function requestOf(headers: IncomingHttpHeaders): GrpcRequest | Status {
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

function headerBytes(headers: IncomingHttpHeaders): number {
  let bytes = 0;
  for (const name in headers) {
    const value = headers[name];
    bytes += name.length + 32;
    if (typeof value === "string") bytes += value.length;
    else if (Array.isArray(value)) { for (const one of value) bytes += one.length; }
  }
  return bytes;
}
