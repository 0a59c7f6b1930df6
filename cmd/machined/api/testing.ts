/**
 * What the tests of the machine service share.
 *
 * @module
 */
import {
  type Client,
  createClient,
  createRouterTransport,
  type ServiceImpl,
} from "@connectrpc/connect";
import { serveUnix, unixTransport } from "$lib/rpc/mod.ts";
import type { DataSchema } from "$proto/common/common_pb.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import type { MessageShape } from "@bufbuild/protobuf";

/** A client of these handlers, in memory. */
export function clientOf(
  handlers: Partial<ServiceImpl<typeof MachineService>>,
): Client<typeof MachineService> {
  return createClient(
    MachineService,
    createRouterTransport(({ service }) => {
      service(MachineService, handlers);
    }),
  );
}

/** A client of these handlers over a real unix socket, where leaving a call reaches the handler. */
export async function serve(
  handlers: Partial<ServiceImpl<typeof MachineService>>,
): Promise<{ client: Client<typeof MachineService>; socket: string } & AsyncDisposable> {
  const dir = await scratch();
  const socket = `${dir.path}/machine.sock`;
  const server = await serveUnix(socket, (router) => router.service(MachineService, handlers));
  const client = createClient(MachineService, unixTransport(socket));
  return {
    client,
    socket,
    async [Symbol.asyncDispose]() {
      await server.close();
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** All that a stream of data carries: its bytes, and the errors in its metadata. */
export async function collect(
  stream: AsyncIterable<MessageShape<typeof DataSchema>>,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; text: string; errors: string[] }> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const errors: string[] = [];
  for await (const { bytes, metadata } of stream) {
    parts.push(new Uint8Array(bytes));
    if (metadata?.error) errors.push(metadata.error);
  }
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return { bytes, text: new TextDecoder().decode(bytes), errors };
}

/** A directory for one test, removed after it. */
export async function scratch(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  return {
    path,
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true });
    },
  };
}
