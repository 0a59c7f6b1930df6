import net from "node:net";
import { createClient } from "@connectrpc/connect";
import type { ServiceHealthCheck } from "$lib/service/mod.ts";
import { unixTransport } from "$lib/rpc/mod.ts";
import {
  Health,
  HealthCheck_ServingStatus,
  ReadyCheck_ReadyStatus,
} from "$proto/health/health_pb.ts";

/**
 * When our own processes are checked: soon and often until the first success, since others wait for
 * it, then every 5 s. The first call of a process that just started takes longer than later ones.
 */
export const HEALTH_TIMES = {
  initialDelayMs: 200,
  startPeriodMs: 250,
  periodMs: 5_000,
  timeoutMs: 2_000,
} as const;

/** Healthy while the health.Health service on the socket says that it is ready and serves. */
export function grpcHealth(path: string): ServiceHealthCheck["check"] {
  const client = createClient(Health, unixTransport(path));
  return async (signal) => {
    const ready = await client.ready({}, { signal });
    if (ready.messages[0]?.status !== ReadyCheck_ReadyStatus.READY) throw new Error("not ready");
    const check = await client.check({}, { signal });
    if (check.messages[0]?.status !== HealthCheck_ServingStatus.SERVING) {
      throw new Error("not serving");
    }
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
