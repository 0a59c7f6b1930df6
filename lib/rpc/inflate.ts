import { Code, ConnectError } from "@connectrpc/connect";
import { gunzip } from "node:zlib";

/**
 * A compressed message as it was, at most `limitBytes` of it.
 * @throws {ConnectError} when the encoding is not gzip, the bytes are damaged, or more comes out
 */
export function inflate(
  message: Uint8Array,
  encoding: string | string[] | undefined,
  limitBytes: number,
): Promise<Uint8Array> {
  if (encoding !== "gzip") {
    const [text, code] = encoding === undefined || encoding === "identity"
      ? ["Cannot read request: it is compressed but names no encoding", Code.Internal]
      : [`Cannot read request: encoding "${encoding}" is not known`, Code.Unimplemented];
    return Promise.reject(new ConnectError(text, code, { "grpc-accept-encoding": "gzip" }));
  }
  return new Promise((resolve, reject) => {
    gunzip(message, { maxOutputLength: limitBytes }, (error, bytes) => {
      if (!error) return resolve(bytes);
      const tooLarge = (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
      reject(
        tooLarge
          ? new ConnectError(
            `Cannot take message: inflated it is over the limit of ${limitBytes} bytes`,
            Code.ResourceExhausted,
          )
          : new ConnectError("Cannot read request: it is not gzip", Code.Internal),
      );
    });
  });
}
