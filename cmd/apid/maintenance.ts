import { Code } from "@connectrpc/connect";
import {
  admit,
  answerStatus,
  CallRegistry,
  DEADLINES,
  dialUnix,
  type Identity,
  passOn,
  serveStreams,
  Upstream,
} from "$lib/rpc/mod.ts";
import type { Apid } from "./apid.ts";

/** What apid needs to know on a node that waits for its configuration. */
export interface MaintenanceOptions {
  readonly host: string;
  readonly port: number;
  readonly routerSocket: string;
  /** Self-signed: there is no CA yet, callers compare the fingerprint. */
  readonly identity: Identity;
  readonly log: (line: string) => void;
}

/** All that a caller without a certificate may ask: what it takes to bring a configuration. */
const OPEN_TO_ALL: ReadonlySet<string> = new Set([
  "/machine.MachineService/ApplyConfiguration",
  "/machine.MachineService/GenerateConfiguration",
  "/network.NetworkService/Interfaces",
  "/storage.StorageService/Disks",
]);

/** Nobody is known here, so few are let in and they hold little: PID 1 takes each message whole. */
const LIMITS = { maxConnections: 64, maxStreams: 16, idleMs: 60_000 } as const;
const CALLS = { maxCalls: 16 } as const;
/** A little more than the largest configuration. */
const MESSAGE_BYTES = 4_500_000;
/** How long calls may take to end when the service ends, and how often that is looked at. */
const DRAIN_MS = 5_000;
const DRAIN_STEP_MS = 50;
/** How long the last answer may take on its way out. */
const FLUSH_MS = 300;

/**
 * Starts apid in maintenance mode: TLS without client certificates, and no call but those above, each
 * to this node itself.
 */
export async function startMaintenance(options: MaintenanceOptions): Promise<Apid> {
  const registry = new CallRegistry(CALLS);
  const upstream = new Upstream("routerd", dialUnix(options.routerSocket));
  const server = await serveStreams({
    listen: { host: options.host, port: options.port },
    tls: { identity: options.identity },
    limits: LIMITS,
    onRefused: (peer, reason) => options.log(`refused ${peer}: ${reason}`),
    onStream(stream, headers) {
      const request = admit(stream, headers);
      if (!request) return;
      const path = `/${request.service}/${request.method}`;
      if (!OPEN_TO_ALL.has(path)) {
        return answerStatus(stream, {
          code: Code.Unimplemented,
          message: `Cannot call ${path.slice(1)}: this node is in maintenance mode, ` +
            "apply a configuration first",
        });
      }
      const { nodes: _, proxyfrom: __, ...own } = headers;
      passOn(stream, own, {
        upstream,
        registry,
        deadlines: DEADLINES,
        messageBytes: MESSAGE_BYTES,
      });
    },
  });
  return {
    port: server.port,
    renew: (identity) => server.renew(identity),
    async close() {
      // The call that brought the configuration is still to be answered.
      for (let ms = 0; registry.size > 0 && ms < DRAIN_MS; ms += DRAIN_STEP_MS) {
        await pause(DRAIN_STEP_MS);
      }
      await pause(FLUSH_MS);
      registry.close();
      upstream.close();
      await server.close();
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
