import type { Target } from "../target.ts";
import { Balancer } from "./balancer.ts";
import { Client } from "./client.ts";
import type { Identity } from "./dial.ts";
import { parseEndpoint } from "./endpoint.ts";

/**
 * A client for `target`. With nodes, calls are balanced over the endpoints; without, the first
 * endpoint that connects answers them all.
 */
export function makeClient(
  target: Target,
  options: { readonly dialMs: number; readonly signal: AbortSignal },
): Client {
  const identity: Identity = {
    ...(target.ca ? { ca: target.ca } : {}),
    ...(target.cert ? { cert: target.cert } : {}),
    ...(target.key ? { key: pkcs8(target.key) } : {}),
  };
  const balancer = new Balancer({
    endpoints: target.endpoints.map(parseEndpoint),
    identity,
    order: target.nodes.length > 0 ? "balanced" : "ordered",
    dialMs: options.dialMs,
  });
  return new Client(balancer, target.nodes, options.signal);
}

/**
 * Talos writes PKCS#8 bodies under a label of its own that TLS stacks do not know. lib/pki has this
 * rewrite too; with it comes an X.509 library that would double the start-up time of every command.
 */
function pkcs8(key: string): string {
  return key.replaceAll("ED25519 PRIVATE KEY", "PRIVATE KEY");
}
