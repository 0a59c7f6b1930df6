import net from "node:net";
import { healthLineSocket, readHealthLine } from "$lib/daemon/mod.ts";
import type { ServiceHealthCheck } from "$lib/service/mod.ts";

/**
 * When our own processes are checked: soon and often until the first success, since others wait for
 * it, then every 5 s. The first call of a process that just started takes longer than later ones.
 */
export const HEALTH_TIMES = {
  initialDelayMs: 200,
  startPeriodMs: 250,
  periodMs: 5_000,
  timeoutMs: 10_000,
} as const;

/** Healthy while the component on `socket` says that it is ready and serves. */
export function componentHealth(socket: string): ServiceHealthCheck["check"] {
  return async (signal) => {
    const { ready, serving } = await readHealthLine(healthLineSocket(socket), signal);
    if (!ready) throw new Error("not ready");
    if (!serving) throw new Error("not serving");
  };
}

/** Healthy while something accepts connections there. */
export function dialHealth(
  to: { path: string } | { host: string; port: number },
): ServiceHealthCheck["check"] {
  return (signal) =>
    new Promise((resolve, reject) => {
      const socket = net.connect(to);
      const fail = (error: Error) => {
        socket.destroy();
        reject(error);
      };
      socket.once("connect", () => {
        socket.destroy();
        resolve();
      });
      socket.once("error", fail);
      signal.addEventListener("abort", () => fail(new Error("no connection in time")), {
        once: true,
      });
    });
}
