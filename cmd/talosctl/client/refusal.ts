import { X509Certificate } from "node:crypto";
import { clientRefusal, dial, DialError, type Identity } from "./dial.ts";
import { type Endpoint, endpointName } from "./endpoint.ts";

/** How long a node may take to say that it refuses a client. */
const PROBE_MS = 2_000;

/**
 * Why `endpoint` turns this client away, if it does. In TLS 1.3 the handshake ends for the client
 * before the server has judged its certificate, and a request written meanwhile hides the alert
 * behind a broken pipe; a connection that writes nothing gets to read it.
 */
export async function refusalOf(
  endpoint: Endpoint,
  identity: Identity,
): Promise<string | undefined> {
  try {
    const socket = await dial(endpoint, identity, PROBE_MS);
    return await new Promise((resolve) => {
      const end = (refusal: string | undefined): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve(refusal);
      };
      const timer = setTimeout(() => end(undefined), PROBE_MS);
      socket.on("error", (error) => end(clientRefusal(endpoint, error)));
      socket.on("close", () => end(closed(endpoint, identity)));
      // An HTTP/2 server that accepts a client greets it with its settings at once.
      socket.on("data", () => end(undefined));
    });
  } catch (error) {
    return error instanceof DialError ? error.message : undefined;
  }
}

function closed(endpoint: Endpoint, identity: Identity): string {
  return `Cannot log in to ${endpointName(endpoint)}: ${
    certificateFault(identity, new Date()) ??
      "it closes the connection, most likely because it refuses this context's client certificate"
  }`;
}

/** What is wrong with the client certificate as far as this side can see. */
export function certificateFault({ ca, cert }: Identity, now: Date): string | undefined {
  if (!cert) return "it wants a client certificate and this context has none";
  const certificate = new X509Certificate(cert);
  if (now > new Date(certificate.validTo)) {
    return `this context's client certificate expired at ${certificate.validTo}`;
  }
  if (now < new Date(certificate.validFrom)) {
    return `this context's client certificate is valid from ${certificate.validFrom} on`;
  }
  if (ca && !certificate.verify(new X509Certificate(ca).publicKey)) {
    return "this context's client certificate is not signed by the cluster's CA";
  }
  return undefined;
}
