import { APID_PORT } from "$lib/paths/mod.ts";

/** The port of the Kubernetes API. */
export const API_SERVER_PORT = 6443;
/** The ports of a node that its address has to have free: the Talos and the Kubernetes API. */
export const NODE_PORTS = [APID_PORT, API_SERVER_PORT] as const;

/** Loopback addresses that are tried; a machine has no use for more local clusters. */
const LAST = 32;

/** Whether nothing listens at `address:port`. */
export type PortProbe = (address: string, port: number) => boolean;

/**
 * The first of 127.0.0.1, 127.0.0.2 … with all of the node's ports free and not in `used`.
 * @throws {Error} in one sentence when there is none.
 */
export function freeLoopback(isFree: PortProbe, used: ReadonlySet<string> = new Set()): string {
  let taken: string | undefined;
  for (let last = 1; last <= LAST; last++) {
    const address = `127.0.0.${last}`;
    if (used.has(address)) continue;
    const port = NODE_PORTS.find((port) => !isFree(address, port));
    if (port === undefined) return address;
    taken ??= `${address}:${port}`;
  }
  throw new Error(
    `Cannot create cluster: port ${
      taken ?? ""
    } is taken, and so is every other loopback address; ` +
      "find who listens with `ss -ltnp` and end it, or destroy another local cluster",
  );
}

/** Probes by listening: what this process can bind, QEMU can too. */
export function canListen(hostname: string, port: number): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw error;
    return false;
  }
}
