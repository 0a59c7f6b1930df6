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
      socket.on("close", () => end(closed(endpoint)));
      // An HTTP/2 server that accepts a client greets it with its settings at once.
      socket.on("data", () => end(undefined));
    });
  } catch (error) {
    return error instanceof DialError ? error.message : undefined;
  }
}

function closed(endpoint: Endpoint): string {
  return `Cannot log in to ${
    endpointName(endpoint)
  }: it closes the connection, most likely because it refuses this context's client certificate`;
}
