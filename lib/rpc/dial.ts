import * as net from "node:net";
import * as tls from "node:tls";
import type { Duplex } from "node:stream";
import type { Dial } from "./upstream.ts";

/** Who we are and whom we trust on a TLS connection, as PEM. */
export interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Dials a unix socket. */
export function dialUnix(path: string): Dial {
  return (ms) => settled(net.connect(path), "connect", ms, path);
}

/** Where and as whom a TLS connection is dialed. */
export interface TlsTarget {
  readonly host: string;
  readonly port: number;
  /** Read at each dial, so that a renewed identity is used from then on. */
  readonly identity: () => Identity;
}

/** Dials TCP and TLS 1.3 with HTTP/2, checking the peer against the identity's CA and `host`. */
export function dialTls({ host, port, identity }: TlsTarget): Dial {
  return (ms) => {
    const { ca, cert, key } = identity();
    const socket = tls.connect({
      host,
      port,
      ca,
      cert,
      key,
      // A literal address is matched against the certificate's IP names, not sent as SNI.
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ["h2"],
      minVersion: "TLSv1.3",
    });
    socket.setKeepAlive?.(true, 15_000);
    return settled(
      socket,
      "secureConnect",
      ms,
      net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`,
    );
  };
}

/** `socket` once it emits `ready`; rejects with its error or after `ms`. */
function settled(
  socket: Duplex & net.Socket,
  ready: string,
  ms: number,
  where: string,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no connection to ${where} within ${ms} ms`));
    }, ms);
    const failed = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    socket.once("error", failed);
    socket.once(ready, () => {
      clearTimeout(timer);
      socket.off("error", failed);
      resolve(socket);
    });
  });
}
