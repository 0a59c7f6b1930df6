/**
 * What the small components of a node share: settings as JSON lines on stdin, Connect on a unix
 * socket, and health.Health.
 *
 * ```ts
 * import { HealthState, jsonLines } from "$lib/daemon/mod.ts";
 *
 * const health = new HealthState();
 * const stdin = ReadableStream.from([new TextEncoder().encode('{"a":1}\n')]);
 * for await (const settings of jsonLines(stdin, (value) => value, console.error)) {
 *   console.assert((settings as { a: number }).a === 1);
 *   health.ready = true;
 * }
 * ```
 *
 * @module
 */

export { healthApi, HealthState } from "./health.ts";
export { healthLineSocket, readHealthLine, serveHealthLine } from "./health_line.ts";
export { Feed, followFeed } from "./feed.ts";
export { jsonLines } from "./lines.ts";
export { type ConnectServer, serveConnect } from "./serve.ts";
