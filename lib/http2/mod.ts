/**
 * HTTP/2 (RFC 9113) and its header compression (RFC 7541) over any socket, for gRPC: both sides, no
 * push, no priorities. Written here because the runtime's own can end the whole process
 * (denoland/deno#36788), and one of ours is PID 1; here the worst a peer can do is lose its connection.
 *
 * ```ts
 * import { Http2Session } from "$lib/http2/mod.ts";
 * import { duplexPair } from "node:stream";
 *
 * const [near, far] = duplexPair();
 * const server = new Http2Session("server", far);
 * server.on("stream", (stream) => {
 *   stream.respond({ ":status": "200" });
 *   stream.write(new TextEncoder().encode("hello"));
 *   stream.end({ "grpc-status": "0" });
 * });
 * const client = new Http2Session("client", near);
 * const request = { ":method": "POST", ":scheme": "http", ":path": "/a.B/C" };
 * const stream = client.request(request);
 * stream.end();
 * stream.resume();
 * await new Promise((resolve) => stream.once("close", resolve));
 * client.destroy();
 * ```
 *
 * @module
 */
export { bodyOf, drained, StreamReset } from "./body.ts";
export { type HeaderFields, type OutgoingFields } from "./headers.ts";
export { Http2Session, SESSION_LIMITS, type SessionEvents, type SessionLimits } from "./session.ts";
export { Http2Stream, type StreamEvents } from "./stream.ts";
export { ERROR_CODE, Http2Error } from "./wire.ts";
