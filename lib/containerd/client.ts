import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { type SessionTransport, unixTransport } from "$lib/rpc/mod.ts";
import { Containers } from "$proto/containerd/containers/containers_pb.ts";
import { Content } from "$proto/containerd/content/content_pb.ts";
import { Images } from "$proto/containerd/images/images_pb.ts";
import { Snapshots } from "$proto/containerd/snapshots/snapshots_pb.ts";
import { Tasks } from "$proto/containerd/tasks/tasks_pb.ts";
import { Transfer } from "$proto/containerd/transfer/transfer_pb.ts";
import { Version } from "$proto/containerd/version/version_pb.ts";

/** A call without a deadline of its own; for those that take as long as they take. */
export const NO_DEADLINE = { timeoutMs: 0 } as const;

/** The services of one containerd, seen through one of its namespaces. */
export class Containerd {
  readonly version: Client<typeof Version>;
  readonly images: Client<typeof Images>;
  readonly content: Client<typeof Content>;
  readonly transfer: Client<typeof Transfer>;
  readonly snapshots: Client<typeof Snapshots>;
  readonly containers: Client<typeof Containers>;
  readonly tasks: Client<typeof Tasks>;
  readonly #transport: SessionTransport;

  constructor(readonly socket: string, readonly namespace: string) {
    this.#transport = unixTransport(socket);
    const transport = withHeader(this.#transport, "containerd-namespace", namespace);
    this.version = createClient(Version, transport);
    this.images = createClient(Images, transport);
    this.content = createClient(Content, transport);
    this.transfer = createClient(Transfer, transport);
    this.snapshots = createClient(Snapshots, transport);
    this.containers = createClient(Containers, transport);
    this.tasks = createClient(Tasks, transport);
  }

  /** Ends the connection and the calls on it. */
  close(): void {
    this.#transport.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A message in the envelope containerd knows it by: its bare name, without the usual host before it. */
export function packed<T extends DescMessage>(
  schema: T,
  message: MessageShape<T>,
): { typeUrl: string; value: Uint8Array } {
  return { typeUrl: schema.typeName, value: toBinary(schema, message) };
}

function withHeader(transport: Transport, name: string, value: string): Transport {
  const add = (init: HeadersInit | undefined): Headers => {
    const headers = new Headers(init);
    headers.set(name, value);
    return headers;
  };
  return {
    unary: (method, signal, timeoutMs, header, ...rest) =>
      transport.unary(method, signal, timeoutMs, add(header), ...rest),
    stream: (method, signal, timeoutMs, header, ...rest) =>
      transport.stream(method, signal, timeoutMs, add(header), ...rest),
  };
}
