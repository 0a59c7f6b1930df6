/** Shares connections among the API servers of a local cluster that answer. */
import * as https from "node:https";
import * as net from "node:net";
import { systemClock } from "$lib/clock/mod.ts";

/** An API server. */
export interface BalancedTarget {
  readonly host: string;
  readonly port: number;
}

/** Ready for calls, not ready though it answers, or gone. */
export type TargetHealth = "ready" | "unready" | "silent";

/** How a balancer works. */
export interface BalancerOptions {
  readonly targets: readonly BalancedTarget[];
  readonly hostname: string;
  readonly ready: (port: number) => void;
  readonly signal: AbortSignal;
  /** How a target is; asked again and again. */
  readonly probe?: (target: BalancedTarget) => Promise<TargetHealth>;
  readonly periodMs?: number;
}

/** An API server that starts on an emulated machine takes seconds for a handshake. */
const PROBE_MS = 10_000;
const PERIOD_MS = 2_000;
/** Probes that fail in a row before a target is given up: a busy machine is slow now and then. */
const PATIENCE = 2;
const MAX_CONNECTIONS = 1_024;

interface Backend {
  readonly target: BalancedTarget;
  readonly open: Set<net.Socket>;
  /** Probes in a row that did not find it ready. */
  failed: number;
  /** Those in a row that had no answer. */
  silent: number;
}

/**
 * Listens and shares until `signal` fires. That a forwarded port takes a connection says nothing of the
 * machine behind it, so targets are asked. One that is not ready gets no new connections. Those to one that
 * went away are ended once another is ready: their other side would wait for ever. While none is, all of
 * them may only be slow, and whoever had to connect again would make them slower.
 */
export async function balance(options: BalancerOptions): Promise<void> {
  const { targets, signal, probe = healthOf, periodMs = PERIOD_MS } = options;
  const backends = targets.map((target): Backend => ({
    target,
    open: new Set(),
    failed: PATIENCE,
    silent: 0,
  }));
  let turn = 0;
  const next = (): Backend | undefined => {
    const well = backends.filter(({ failed }) => failed < PATIENCE);
    const among = well.length > 0 ? well : backends;
    return among[turn++ % among.length];
  };
  const server = net.createServer({ allowHalfOpen: true }, (socket) => pass(socket, next()));
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, options.hostname, resolve);
  });
  options.ready((server.address() as net.AddressInfo).port);
  const probed = (backend: Backend, health: TargetHealth): void => {
    backend.failed = health === "ready" ? 0 : backend.failed + 1;
    backend.silent = health === "silent" ? backend.silent + 1 : 0;
    if (health !== "ready") return;
    for (const { silent, open } of backends) {
      if (silent >= PATIENCE) { for (const socket of open) socket.destroy(); }
    }
  };
  await Promise.all(backends.map(async (backend) => {
    while (!signal.aborted) {
      probed(backend, await probe(backend.target));
      await systemClock.sleep(periodMs, signal);
    }
  }));
  server.close();
  for (const { open } of backends) for (const socket of open) socket.destroy();
}

function pass(socket: net.Socket, backend: Backend | undefined): void {
  if (!backend) return void socket.destroy();
  const upstream = net.connect({ ...backend.target, allowHalfOpen: true });
  backend.open.add(socket);
  const end = (): void => {
    backend.open.delete(socket);
    socket.destroy();
    upstream.destroy();
  };
  for (const side of [socket, upstream]) side.on("error", end).on("close", end);
  socket.pipe(upstream).pipe(socket);
}

/** An API server that is ready, or that wants to know first who asks, is well. */
function healthOf({ host, port }: BalancedTarget): Promise<TargetHealth> {
  return new Promise((resolve) => {
    // Who signed the certificate is for the clients to check: they look through this to the server.
    const where = { host, port, path: "/readyz", agent: false, rejectUnauthorized: false };
    const request = https.get(where, (response) => {
      response.resume();
      settle((response.statusCode ?? 500) < 500 ? "ready" : "unready");
    });
    const settle = (health: TargetHealth): void => {
      clearTimeout(late);
      resolve(health);
    };
    const late = setTimeout(() => request.destroy(new Error("no answer in time")), PROBE_MS);
    request.on("error", () => settle("silent"));
  });
}
