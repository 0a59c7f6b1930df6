import { Code } from "@connectrpc/connect";
import {
  admit,
  answerStatus,
  CallRegistry,
  DEADLINES,
  dialUnix,
  type GrpcServer,
  INTERNAL_LIMITS,
  MESSAGE_LIMIT_BYTES,
  type OnStream,
  passOn,
  type ServerLimits,
  serveStreams,
  Upstream,
} from "$lib/rpc/mod.ts";
import { type Backend, backendOf, type BackendSockets } from "./routes.ts";

/** What a router needs to know. */
export interface RouterOptions {
  /** The unix socket to listen on. */
  readonly socket: string;
  readonly backends: BackendSockets;
  /** Mode of the socket file; who may reach it is decided by the directory it lies in. */
  readonly mode?: number;
  readonly messageBytes?: number;
  readonly limits?: Partial<ServerLimits>;
}

/** Starts routerd's server: each call goes, as raw bytes, to the component that owns its service. */
export async function startRouter(options: RouterOptions): Promise<GrpcServer> {
  const registry = new CallRegistry();
  const upstreams: Record<Backend, Upstream> = {
    machined: upstreamOf("machined", options.backends),
    networkd: upstreamOf("networkd", options.backends),
    timed: upstreamOf("timed", options.backends),
  };
  const route: OnStream = (stream, headers) => {
    const request = admit(stream, headers);
    if (!request) return;
    const backend = backendOf(request.service);
    if (!backend) {
      answerStatus(stream, {
        code: Code.Unknown,
        message: `service ${request.service} is not defined`,
      });
      return;
    }
    passOn(stream, headers, {
      upstream: upstreams[backend],
      registry,
      deadlines: DEADLINES,
      messageBytes: options.messageBytes ?? MESSAGE_LIMIT_BYTES,
    });
  };
  const server = await serveStreams({
    listen: { path: options.socket, mode: options.mode ?? 0o666 },
    onStream: route,
    limits: { ...INTERNAL_LIMITS, ...options.limits },
  });
  return {
    ...server,
    async close() {
      registry.close();
      for (const upstream of Object.values(upstreams)) upstream.close();
      await server.close();
    },
  };
}

function upstreamOf(backend: Backend, sockets: BackendSockets): Upstream {
  return new Upstream(backend, dialUnix(sockets[backend]));
}
