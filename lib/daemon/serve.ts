import { createServer, type ServerHttp2Session } from "node:http2";
import { chmod, rm } from "node:fs/promises";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";

/** Small requests only: every method of these components takes next to nothing. */
const REQUEST_LIMIT_BYTES = 64 * 1024;
/** A call that stands longer than this ends by itself; Watch is asked anew. */
const MAX_CALL_MS = 24 * 3600 * 1_000;

/** A server that runs. */
export interface ConnectServer {
  /** Ends every call and stops listening. */
  close(): Promise<void>;
}

/**
 * Serves Connect services on a unix socket, whose directory decides who gets to it. A method nobody
 * serves is answered in gRPC's own way, not with a bare 404.
 */
export async function serveConnect(
  socket: string,
  routes: (router: ConnectRouter) => void,
): Promise<ConnectServer> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(connectNodeAdapter({
    routes,
    readMaxBytes: REQUEST_LIMIT_BYTES,
    maxTimeoutMs: MAX_CALL_MS,
    fallback(request, response) {
      response.writeHead(200, {
        "content-type": "application/grpc",
        "grpc-status": "12",
        "grpc-message": encodeURIComponent(`Cannot call ${request.url}: unknown method`),
      });
      response.end();
    },
  }));
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
    session.on("close", () => sessions.delete(session));
  });
  server.on("sessionError", () => {});
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, () => {
      server.off("error", reject);
      resolve();
    });
  });
  await chmod(socket, 0o666);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.destroy();
      await closed;
      await rm(socket, { force: true });
    },
  };
}
