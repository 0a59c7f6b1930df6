import { type Routes, serveUnix } from "$lib/rpc/mod.ts";

/** Small requests only: every method of these components takes next to nothing. */
const REQUEST_LIMIT_BYTES = 64 * 1024;

/** A server that runs. */
export interface ConnectServer {
  /** Ends every call and stops listening. */
  close(): Promise<void>;
}

/** Serves Connect services on a unix socket, for those in the group of who made it. */
export async function serveConnect(socket: string, routes: Routes): Promise<ConnectServer> {
  return await serveUnix(socket, routes, { mode: 0o660, messageBytes: REQUEST_LIMIT_BYTES });
}
