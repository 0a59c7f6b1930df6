import net from "node:net";
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import type { ServiceHealthCheck } from "$lib/service/mod.ts";
import { dialUnix, frameOf, OK, openCall, Upstream } from "$lib/rpc/mod.ts";
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
  timeoutMs: 10_000,
} as const;

/** A reply says a state and nothing more. */
const MAX_REPLY_BYTES = 64 * 1024;

/** Healthy while the health.Health service on the socket says that it is ready and serves. */
export function grpcHealth(path: string): ServiceHealthCheck["check"] {
  const upstream = new Upstream(path, dialUnix(path));
  return async (signal) => {
    const ready = await ask(upstream, Health.method.ready, signal);
    if (ready.messages[0]?.status !== ReadyCheck_ReadyStatus.READY) throw new Error("not ready");
    const check = await ask(upstream, Health.method.check, signal);
    if (check.messages[0]?.status !== HealthCheck_ServingStatus.SERVING) {
      throw new Error("not serving");
    }
  };
}

/** Calls a method that takes nothing. */
function ask<Output extends DescMessage>(
  upstream: Upstream,
  method: { name: string; parent: { typeName: string }; output: Output },
  signal: AbortSignal,
): Promise<MessageShape<Output>> {
  return new Promise((resolve, reject) => {
    let reply: Uint8Array | undefined;
    const call = openCall(upstream, {
      headers: {
        ":method": "POST",
        ":path": `/${method.parent.typeName}/${method.name}`,
        "content-type": "application/grpc",
        te: "trailers",
      },
      body: frameOf(new Uint8Array(0)),
      deadlineMs: HEALTH_TIMES.timeoutMs,
      messageBytes: MAX_REPLY_BYTES,
      onMessage: (message) => reply = message,
      onEnd({ code, message }) {
        if (code !== OK || !reply) return reject(new Error(message || `status ${code}`));
        try {
          resolve(fromBinary(method.output, reply));
        } catch (error) {
          reject(error);
        }
      },
    });
    signal.addEventListener("abort", () => {
      call.cancel();
      reject(new Error("no answer in time"));
    }, { once: true });
  });
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
