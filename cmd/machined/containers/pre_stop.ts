/** What a container asked to have done before it is told to stop: its `lifecycle.preStop`. */
import * as net from "node:net";
import type { Cri } from "$lib/containerd/mod.ts";
import { type Clock, systemClock } from "$lib/service/mod.ts";

/** Where the kubelet writes the handler down, as JSON, on the container. */
export const PRE_STOP_ANNOTATION = "io.kubernetes.container.preStopHandler";

/** One handler. */
export type PreStop =
  | { readonly kind: "exec"; readonly command: readonly string[] }
  | { readonly kind: "sleep"; readonly seconds: number }
  | { readonly kind: "get"; readonly url: string };

/**
 * The handler in an annotation, for a pod with this address; undefined when there is none.
 * @throws {Error} for one that cannot be run from here.
 */
export function preStopOf(annotation: string | undefined, podIp: string): PreStop | undefined {
  if (annotation === undefined) return undefined;
  const { exec, sleep, httpGet } = JSON.parse(annotation) as {
    exec?: { command?: string[] };
    sleep?: { seconds?: number };
    httpGet?: { host?: string; port?: unknown; path?: string; scheme?: string };
  };
  if (exec) return { kind: "exec", command: exec.command ?? [] };
  if (sleep) return { kind: "sleep", seconds: sleep.seconds ?? 0 };
  if (!httpGet) return undefined;
  const { host = podIp, port, path = "", scheme = "HTTP" } = httpGet;
  if (typeof port !== "number" || scheme !== "HTTP") {
    throw new Error(`Cannot run preStop: httpGet by ${scheme} to port ${JSON.stringify(port)}`);
  }
  const name = net.isIPv6(host) ? `[${host}]` : host;
  return { kind: "get", url: `http://${name}:${port}/${path.replace(/^\//, "")}` };
}

/** Runs the handler for at most `limitMs`. @throws {Error} when it fails. */
export async function runPreStop(
  cri: Cri,
  containerId: string,
  handler: PreStop,
  { limitMs, signal, clock = systemClock }: {
    readonly limitMs: number;
    readonly signal: AbortSignal;
    readonly clock?: Clock;
  },
): Promise<void> {
  if (handler.kind === "sleep") {
    return await clock.sleep(Math.min(limitMs, handler.seconds * 1_000), signal);
  }
  if (handler.kind === "get") {
    const late = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
    const { body } = await fetch(handler.url, { signal: late });
    return await body?.cancel();
  }
  const { exitCode } = await cri.execSync({
    containerId,
    cmd: [...handler.command],
    timeout: BigInt(Math.max(1, Math.floor(limitMs / 1_000))),
  }, { signal, timeoutMs: limitMs + 5_000 });
  if (exitCode !== 0) throw new Error(`Cannot finish preStop: it exited with code ${exitCode}`);
}
