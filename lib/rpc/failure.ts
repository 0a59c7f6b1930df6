import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { HeaderFields } from "$lib/http2/mod.ts";
import { concatBytes } from "./frames.ts";
import { lengthDelimited } from "./metadata.ts";
import { type Status, statusTrailers } from "./status.ts";

/** Codes of the kinds that state and resource errors have. */
const BY_KIND: Record<string, Code> = {
  notFound: Code.NotFound,
  conflict: Code.FailedPrecondition,
  phase: Code.FailedPrecondition,
  owner: Code.PermissionDenied,
};

/** Codes of errors by their class. SyntaxError and RangeError say that a value handed in is wrong. */
const BY_NAME: Record<string, Code> = {
  SyntaxError: Code.InvalidArgument,
  RangeError: Code.InvalidArgument,
  NotFound: Code.NotFound,
  PermissionDenied: Code.PermissionDenied,
  AlreadyExists: Code.AlreadyExists,
  AbortError: Code.Canceled,
  TimeoutError: Code.DeadlineExceeded,
};

/** Codes of system errors that tell the caller something; the others are Unknown. */
const BY_ERRNO: Record<string, Code> = {
  ENOENT: Code.NotFound,
  EACCES: Code.PermissionDenied,
  EPERM: Code.PermissionDenied,
  EEXIST: Code.AlreadyExists,
  EINVAL: Code.InvalidArgument,
  ENOTDIR: Code.InvalidArgument,
  EISDIR: Code.InvalidArgument,
  ECONNREFUSED: Code.Unavailable,
  ETIMEDOUT: Code.DeadlineExceeded,
};

/**
 * How a handler's throw reads on the wire: a ConnectError as it is; an error whose class, kind or
 * errno says what went wrong under that code; anything else Unknown. Causes and stacks stay here.
 */
export function failureOf(reason: unknown): Status {
  if (reason instanceof ConnectError) return { code: reason.code, message: reason.rawMessage };
  if (!(reason instanceof Error)) return { code: Code.Unknown, message: "Cannot finish call" };
  // A bug of ours, and its text would speak of our code.
  if (reason instanceof TypeError || reason instanceof ReferenceError || isStackOverflow(reason)) {
    return { code: Code.Internal, message: "Cannot finish call: internal error" };
  }
  return { code: codeOf(reason), message: reason.message };
}

/** The trailers that say how a handler failed, with the details of a ConnectError. */
export function failureTrailers(reason: unknown): HeaderFields {
  const status = failureOf(reason);
  const trailers = statusTrailers(status);
  if (!(reason instanceof ConnectError)) return trailers;
  reason.metadata.forEach((value, name) => trailers[name] ??= value);
  if (reason.details.length > 0) {
    trailers["grpc-status-details-bin"] = base64(statusWithDetails(status, reason));
  }
  return trailers;
}

function codeOf(reason: Error): Code {
  const { kind, code } = reason as Error & { kind?: unknown; code?: unknown };
  return (typeof kind === "string" ? BY_KIND[kind] : undefined) ??
    (typeof code === "string" ? BY_ERRNO[code] : undefined) ??
    BY_NAME[reason.name] ?? Code.Unknown;
}

function isStackOverflow(reason: Error): boolean {
  return reason instanceof RangeError && reason.message.startsWith("Maximum call stack");
}

/** `google.rpc.Status{code, message, details}`; the code, at most 16, is one varint byte. */
function statusWithDetails({ code, message }: Status, { details }: ConnectError): Uint8Array {
  const text = new TextEncoder();
  const parts = [
    Uint8Array.of(1 << 3, code),
    lengthDelimited((2 << 3) | 2, text.encode(message)),
  ];
  for (const detail of details) {
    const { type, value } = "desc" in detail
      ? { type: detail.desc.typeName, value: bytesOf(detail.desc, detail.value) }
      : detail;
    const any = concatBytes([
      lengthDelimited((1 << 3) | 2, text.encode(`type.googleapis.com/${type}`)),
      lengthDelimited((2 << 3) | 2, value),
    ]);
    parts.push(lengthDelimited((3 << 3) | 2, any));
  }
  return concatBytes(parts);
}

function bytesOf(desc: DescMessage, value: MessageInitShape<DescMessage>): Uint8Array {
  return toBinary(desc, create(desc, value));
}

/** gRPC wants no padding. */
function base64(bytes: Uint8Array): string {
  return bytes.toBase64({ omitPadding: true });
}
