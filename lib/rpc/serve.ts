import { chown } from "node:fs/promises";
import { type CallLimits, CallRegistry } from "./calls.ts";
import { INTERNAL_LIMITS, type ServerLimits } from "./connections.ts";
import { type DeadlineRules, DEADLINES } from "./deadline.ts";
import { dispatch } from "./dispatch.ts";
import { MESSAGE_LIMIT_BYTES } from "./frames.ts";
import { type GrpcServer, serveStreams } from "./server.ts";
import { type Routes, ServedMethods } from "./services.ts";

/** How services are served. */
export interface ServiceOptions {
  /** Largest request message; 32 MiB when absent. */
  readonly messageBytes?: number;
  readonly deadlines?: Partial<DeadlineRules>;
  readonly calls?: Partial<CallLimits>;
  readonly limits?: Partial<ServerLimits>;
  /** Told of each throw of a handler that is not a ConnectError, with its path; for the log. */
  readonly onError?: (path: string, error: unknown) => void;
}

/** How services are served on a unix socket. */
export interface UnixOptions extends ServiceOptions {
  /** Mode of the socket file; 0600 when absent. */
  readonly mode?: number;
  /** Owner of the socket file (user and group); who made it, when absent. */
  readonly uid?: number;
}

/**
 * Serves Connect services over gRPC on a unix socket, in place of what was at `path`. Unknown
 * services and methods answer Unimplemented; what a handler throws is translated to a gRPC status.
 */
export async function serveUnix(
  path: string,
  routes: Routes,
  options: UnixOptions = {},
): Promise<GrpcServer> {
  const registry = new CallRegistry(options.calls);
  const server = await serveStreams({
    listen: { path, mode: options.mode ?? 0o600 },
    onStream: dispatch({
      methods: new ServedMethods(routes),
      registry,
      deadlines: { ...DEADLINES, ...options.deadlines },
      messageBytes: options.messageBytes ?? MESSAGE_LIMIT_BYTES,
      onError: options.onError ?? (() => {}),
    }),
    limits: { ...INTERNAL_LIMITS, ...options.limits },
  });
  if (options.uid !== undefined) await chown(path, options.uid, options.uid);
  return {
    ...server,
    async close() {
      registry.close();
      await server.close();
    },
  };
}
