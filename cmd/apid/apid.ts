import {
  CallRegistry,
  clientCertificateFault,
  type DeadlineRules,
  DEADLINES,
  dialUnix,
  type GrpcServer,
  type Identity,
  MESSAGE_LIMIT_BYTES,
  type ServerLimits,
  serveStreams,
  Upstream,
} from "$lib/rpc/mod.ts";
import { Peers } from "./peers.ts";
import { proxy } from "./proxy.ts";
import { standingOf } from "./standing.ts";

/** What apid needs to know. */
export interface ApidOptions {
  readonly host: string;
  readonly port: number;
  /** The unix socket for processes of this node, without authentication. */
  readonly socket: string;
  readonly routerSocket: string;
  /** Port at which other nodes' apids listen. */
  readonly nodePort: () => number;
  readonly identity: Identity;
  readonly log: (line: string) => void;
  readonly limits?: Partial<ServerLimits>;
  readonly deadlines?: Partial<DeadlineRules>;
  readonly messageBytes?: number;
}

/** apid as it runs. */
export interface Apid {
  readonly port: number;
  /** Uses another identity for new connections in both directions; open streams go on. */
  renew(identity: Identity): void;
  close(): Promise<void>;
}

/** Bytes that calls to several nodes may hold in memory together. */
const HELD_BYTES = 128 * 1024 * 1024;

/** Starts apid: its TCP port with mutual TLS, and its unix socket. */
export async function startApid(options: ApidOptions): Promise<Apid> {
  let { identity } = options;
  let standing = standingOf(identity.cert);
  const registry = new CallRegistry();
  const local = new Upstream("routerd", dialUnix(options.routerSocket));
  const peers = new Peers({ identity: () => identity });
  const onStream = proxy({
    local,
    peers,
    registry,
    deadlines: { ...DEADLINES, ...options.deadlines },
    messageBytes: options.messageBytes ?? MESSAGE_LIMIT_BYTES,
    nodePort: options.nodePort,
    standing: () => standing,
    heldBytes: HELD_BYTES,
  });
  const limits = options.limits ? { limits: options.limits } : {};
  const servers: GrpcServer[] = [
    await serveStreams({
      listen: { host: options.host, port: options.port },
      tls: {
        identity,
        vet: (socket) => vet(socket.getPeerCertificate(false)?.raw, identity.ca),
      },
      onStream,
      onRefused: (peer, reason) => options.log(`refused ${peer}: ${reason}`),
      ...limits,
    }),
    await serveStreams({ listen: { path: options.socket, mode: 0o600 }, onStream, ...limits }),
  ];
  return {
    port: servers[0]?.port ?? options.port,
    renew(next) {
      identity = next;
      standing = standingOf(next.cert);
      for (const server of servers) server.renew(next);
      peers.renew();
    },
    async close() {
      registry.close();
      peers.close();
      local.close();
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

function vet(der: Uint8Array | undefined, ca: string): string | undefined {
  if (!der) return "client certificate: none was shown";
  return clientCertificateFault(der, ca, Date.now());
}
