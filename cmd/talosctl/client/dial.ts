import * as tls from "node:tls";
import { isIP } from "node:net";
import { formatDuration } from "$lib/cli/mod.ts";
import { type Endpoint, endpointName } from "./endpoint.ts";

/** What the client shows the node and trusts: PEM texts out of a talosconfig context. */
export interface Identity {
  /** CA that signed the nodes' certificates; the system's roots when it is absent. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Replaces the check against `ca`: true when the server's certificate (DER) is welcome. */
  readonly accept?: (certificate: Uint8Array) => boolean;
}

/** An endpoint that could not be connected to, in one sentence. */
export class DialError extends Error {
  override readonly name = "DialError";
}

/** A TLS 1.3 connection to `endpoint` speaking HTTP/2. @throws {DialError} when there is none within `ms`. */
export function dial(endpoint: Endpoint, identity: Identity, ms: number): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host: endpoint.host,
      port: endpoint.port,
      ALPNProtocols: ["h2"],
      minVersion: "TLSv1.3",
      // SNI carries names only; an address in it is refused by some servers.
      ...(isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
      ...(identity.ca ? { ca: identity.ca } : {}),
      ...(identity.cert ? { cert: identity.cert } : {}),
      ...(identity.key ? { key: identity.key } : {}),
      ...(identity.accept ? { rejectUnauthorized: false } : {}),
    });
    const fail = (sentence: string, cause?: unknown): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new DialError(sentence, { cause }));
    };
    const timer = setTimeout(
      () => fail(`Cannot reach ${endpointName(endpoint)}: no answer within ${formatDuration(ms)}`),
      ms,
    );
    socket.once("error", (error) => fail(dialSentence(endpoint, error), error));
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      if (identity.accept && !identity.accept(socket.getPeerCertificate().raw)) {
        return fail(
          `Cannot trust ${
            endpointName(endpoint)
          }: its certificate has none of the pinned fingerprints`,
        );
      }
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

/** Why dialing failed, in one sentence that names the remedy where one is known. */
export function dialSentence(endpoint: Endpoint, error: unknown): string {
  const name = endpointName(endpoint);
  const { code = "", message = String(error) } = error as { code?: string; message?: string };
  const text = `${code} ${message}`;
  if (/ECONNREFUSED|refused/i.test(text)) return `Cannot reach ${name}: connection refused`;
  if (/ENOTFOUND|EAI_|lookup address|name resolution/i.test(text)) {
    return `Cannot reach ${name}: the name does not resolve`;
  }
  if (/EHOSTUNREACH|ENETUNREACH|unreachable/i.test(text)) {
    return `Cannot reach ${name}: no route to it`;
  }
  if (/ETIMEDOUT|timed out/i.test(text)) return `Cannot reach ${name}: connection timed out`;
  const refusal = clientRefusal(endpoint, error);
  if (refusal) return refusal;
  if (/NotValidForName|not valid for|ALTNAME|Hostname\/IP/i.test(text)) {
    return `Cannot trust ${name}: its certificate is not valid for "${endpoint.host}"`;
  }
  if (/Expired|NotValidYet/i.test(text)) {
    return `Cannot trust ${name}: its certificate is expired or not yet valid`;
  }
  if (
    /UnknownIssuer|BadSignature|SELF_SIGNED|UNABLE_TO|unknown issuer|invalid peer cert/i.test(text)
  ) {
    return `Cannot trust ${name}: its certificate is not signed by the CA of this context`;
  }
  return `Cannot connect to ${name}: ${message}`;
}

/** The sentence for an alert by which a node turned this client's certificate down, if it is one. */
export function clientRefusal(endpoint: Endpoint, error: unknown): string | undefined {
  const text = error instanceof Error
    ? `${error.message} ${String(error.cause ?? "")}`
    : String(error);
  const alert =
    /alert:? ?(?:received)?:?\s*(CertificateRequired|BadCertificate|UnknownCA|UnsupportedCertificate|CertificateExpired|CertificateRevoked|CertificateUnknown|DecryptError|AccessDenied)/i
      .exec(text)?.[1];
  if (!alert) return undefined;
  const why: Record<string, string> = {
    CertificateRequired: "it wants a client certificate and this context has none",
    UnknownCA: "it does not know the CA that signed this context's certificate",
    CertificateExpired: "this context's client certificate is expired",
  };
  return `Cannot log in to ${endpointName(endpoint)}: ${
    why[alert] ?? `it refused this context's client certificate (${alert})`
  }`;
}
