import { Code } from "@connectrpc/connect";
import { failureMessage, type Status } from "$lib/rpc/mod.ts";

/**
 * The message that stands for a node which failed: nothing but `Metadata{hostname, error, status}`.
 * The error text has gRPC's own prefix, which 0.9 clients print as it is.
 */
export function nodeFailure(name: string, { code, message }: Status): Uint8Array {
  const label = Code[code] ?? `Code(${code})`;
  return failureMessage(name, { code, message }, `rpc error: code = ${label} desc = ${message}`);
}
