import { Code } from "@connectrpc/connect";
import { ERROR_CODE, type HeaderFields } from "$lib/http2/mod.ts";

/** Code of a call that went well; Connect's `Code` has only the failures. */
export const OK = 0;

/** How a call ended: a gRPC code (`OK` or one of Connect's `Code`) and a sentence. */
export interface Status {
  readonly code: number;
  readonly message: string;
}

const UNSAFE = /[^\x20-\x24\x26-\x7e]/;

/** Percent-encodes a sentence as `grpc-message` wants it: all but printable ASCII, and "%". */
export function encodeMessage(message: string): string {
  if (!UNSAFE.test(message)) return message;
  let encoded = "";
  for (const byte of new TextEncoder().encode(message)) {
    encoded += byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** The sentence in a `grpc-message` trailer; what is not valid percent-encoding stays as it came. */
export function decodeMessage(encoded: string): string {
  if (!encoded.includes("%")) return encoded;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** The trailers that say `status`. */
export function statusTrailers({ code, message }: Status): HeaderFields {
  if (message === "") return { "grpc-status": String(code) };
  return { "grpc-status": String(code), "grpc-message": encodeMessage(message) };
}

/** Response headers that are a whole answer: gRPC's "trailers-only" form of `status`. */
export function statusHeaders(status: Status): HeaderFields {
  return { ":status": "200", "content-type": "application/grpc", ...statusTrailers(status) };
}

/** What trailers (or trailers-only headers) say, or nothing when they hold no usable status. */
export function readStatus(trailers: Readonly<Record<string, unknown>>): Status | undefined {
  const code = trailers["grpc-status"];
  if (typeof code !== "string" || !/^\d{1,2}$/.test(code)) return undefined;
  return { code: Number(code), message: decodeMessage(String(trailers["grpc-message"] ?? "")) };
}

/** What a stream means that its peer reset with an HTTP/2 error code, by gRPC's own table. */
export function statusOfReset(rstCode: number, who: string): Status {
  switch (rstCode) {
    case ERROR_CODE.REFUSED_STREAM:
      return { code: Code.Unavailable, message: `Cannot call ${who}: it refused the stream` };
    case ERROR_CODE.CANCEL:
      return { code: Code.Canceled, message: `Cannot call ${who}: it canceled the stream` };
    case ERROR_CODE.ENHANCE_YOUR_CALM:
      return { code: Code.ResourceExhausted, message: `Cannot call ${who}: it asks for calm` };
    case ERROR_CODE.INADEQUATE_SECURITY:
      return { code: Code.PermissionDenied, message: `Cannot call ${who}: inadequate security` };
    default:
      return { code: Code.Internal, message: `Cannot call ${who}: stream reset with ${rstCode}` };
  }
}

/** What an answer means that is HTTP but not gRPC, by gRPC's own table. */
export function statusOfHttp(httpStatus: number, who: string): Status {
  const message = `Cannot call ${who}: it answered HTTP ${httpStatus} instead of gRPC`;
  switch (httpStatus) {
    case 400:
      return { code: Code.Internal, message };
    case 401:
      return { code: Code.Unauthenticated, message };
    case 403:
      return { code: Code.PermissionDenied, message };
    case 404:
      return { code: Code.Unimplemented, message };
    case 429:
    case 502:
    case 503:
    case 504:
      return { code: Code.Unavailable, message };
    default:
      return { code: Code.Unknown, message };
  }
}
