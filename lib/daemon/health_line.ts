/**
 * Health without HTTP/2, for PID 1: whoever connects gets one JSON line and the end of the stream.
 *
 * PID 1 must not be a client of HTTP/2: the runtime's client session can end the whole process when
 * its server says goodbye after a long silence (denoland/deno#36788), and the end of PID 1 is the end
 * of the machine.
 */
import { createConnection, createServer } from "node:net";
import { chmod, rm } from "node:fs/promises";
import { dirname, join } from "node:path/posix";
import type { HealthState } from "./health.ts";
import type { ConnectServer } from "./serve.ts";

/** A line is two booleans; more than this is not one. */
const MAX_LINE_BYTES = 256;

/** Where a component that serves on `socket` tells its health. */
export function healthLineSocket(socket: string): string {
  return join(dirname(socket), "health.sock");
}

/** Tells `state` to whoever connects to `path`; only its owner and root may. */
export async function serveHealthLine(
  path: string,
  state: Readonly<HealthState>,
): Promise<ConnectServer> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    const { ready, serving } = state;
    socket.end(`${JSON.stringify({ ready, serving })}\n`);
  });
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Asks at `path`. @throws {Error} when nobody answers before `signal`, or not with a health line. */
export function readHealthLine(path: string, signal: AbortSignal): Promise<HealthState> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let text = "";
    const fail = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > MAX_LINE_BYTES) fail(new Error("Cannot read health: the line is too long"));
    });
    socket.once("error", fail);
    socket.once("end", () => {
      socket.destroy();
      try {
        resolve(parse(text));
      } catch (error) {
        reject(error);
      }
    });
    signal.addEventListener("abort", () => fail(new Error("no answer in time")), { once: true });
  });
}

function parse(text: string): HealthState {
  const value: unknown = JSON.parse(text);
  const { ready, serving } = (value ?? {}) as Partial<HealthState>;
  if (typeof ready !== "boolean" || typeof serving !== "boolean") {
    throw new SyntaxError("Cannot read health: the line lacks ready or serving");
  }
  return { ready, serving };
}
