import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { addressed } from "./cluster.ts";

/** A node that is addressed but down, in every test cluster. */
export const DEAD_NODE = "10.0.0.9";

/** The metadata of each answer to a request, as apid fills it when nodes are addressed. */
export function answers<T extends object>(
  headers: Headers,
  message: T,
): (T | { metadata: { hostname: string; error?: string } })[] {
  const nodes = addressed(headers);
  if (nodes.length === 0) return [message];
  return nodes.map((hostname) =>
    hostname === DEAD_NODE
      ? { metadata: { hostname, error: "rpc error: code = Unavailable desc = no route to host" } }
      : { ...message, metadata: { hostname } }
  );
}

/** The same for a stream: each node sends all of `messages`, one after the other. */
export function* chunks<T extends object>(
  headers: Headers,
  messages: readonly T[],
): Generator<T | { metadata: { hostname: string; error?: string } }> {
  for (const message of messages) yield* answers(headers, message);
}

/** Text as bytes. */
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An event's payload under the URL that machined gives it. */
export function payload<D extends DescMessage>(
  type: D,
  init: MessageInitShape<D>,
): { typeUrl: string; value: Uint8Array } {
  return { typeUrl: `talos/runtime/${type.typeName}`, value: toBinary(type, create(type, init)) };
}
