import { createHash, X509Certificate } from "node:crypto";
import * as net from "node:net";
import * as tls from "node:tls";
import type { Duplex } from "node:stream";
import type { Dial } from "./upstream.ts";

/** Who we are and whom we trust on a TLS connection, as PEM; the key as `tlsKey` of lib/pki gives it. */
export interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Where and as whom a TLS connection is dialed. */
export interface TlsTarget {
  readonly host: string;
  readonly port: number;
  /** Read at each dial, so that a renewed identity is used from then on. */
  readonly identity: () => Partial<Identity>;
  /** SHA-256 of the server's public key (SPKI) in base64: trusted whoever signed the certificate. */
  readonly pin?: string;
}

/** Dials a unix socket. */
export function dialUnix(path: string): Dial {
  return (ms) => settled(net.connect(path), "connect", ms, path);
}

/**
 * Dials TCP and TLS 1.3 with HTTP/2. The server must have a certificate for `host` from the
 * identity's CA, or the pinned key; with neither CA nor pin anyone is taken (maintenance mode).
 */
export function dialTls({ host, port, identity, pin }: TlsTarget): Dial {
  const where = net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
  return async (ms) => {
    const start = performance.now();
    // In two steps: of a tls.connect() that reaches nobody the runtime keeps 8 KB for ever.
    const tcp = await settled(net.connect({ host, port }), "connect", ms, where);
    const { ca, cert, key } = identity();
    const socket = tls.connect({
      socket: tcp,
      host,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      // A literal address is matched against the certificate's IP names, not sent as SNI.
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ["h2"],
      minVersion: "TLSv1.3",
      rejectUnauthorized: ca !== undefined && pin === undefined,
    });
    const left = Math.max(0, ms - (performance.now() - start));
    await settled(socket, "secureConnect", ms, where, left);
    const fault = pin === undefined ? undefined : pinFault(socket, pin);
    if (fault !== undefined) {
      socket.destroy();
      throw new Error(fault);
    }
    socket.setKeepAlive(true, 15_000);
    return socket;
  };
}

function pinFault(socket: tls.TLSSocket, pin: string): string | undefined {
  const { raw } = socket.getPeerCertificate(false);
  if (!raw) return "the server showed no certificate";
  const spki = new X509Certificate(raw).publicKey.export({ type: "spki", format: "der" });
  const seen = createHash("sha256").update(spki).digest("base64");
  return seen === pin
    ? undefined
    : `the server's key has the fingerprint ${seen}, not the pinned one`;
}

/** `socket` once it emits `ready`; rejects with its error, its end, or after what is `left` of `ms`. */
function settled<T extends Duplex>(
  socket: T,
  ready: string,
  ms: number,
  where: string,
  left = ms,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      socket.off("error", failed);
      socket.off("close", closed);
      socket.off(ready, connected);
    };
    const failed = (error: Error): void => {
      settle();
      // Later errors of a socket nobody waits for any more must not become uncaught.
      socket.on("error", () => {});
      socket.destroy();
      reject(error);
    };
    const closed = (): void => failed(new Error(`${where} closed the connection`));
    const connected = (): void => {
      settle();
      resolve(socket);
    };
    const timer = setTimeout(
      () => failed(new Error(`no connection to ${where} within ${ms} ms`)),
      left,
    );
    socket.once("error", failed);
    socket.once("close", closed);
    socket.once(ready, connected);
  });
}
