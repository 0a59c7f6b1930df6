import { createHash, X509Certificate } from "node:crypto";
import { UsageError } from "$lib/cli/mod.ts";
import type { Target } from "../target.ts";
import { Balancer } from "./balancer.ts";
import { Client } from "./client.ts";
import type { Identity } from "./dial.ts";
import { parseEndpoint } from "./endpoint.ts";

/** What the caller decides about every connection. */
export interface ClientOptions {
  /** How long connecting to one endpoint may take. */
  readonly dialMs: number;
  /** Ends all calls. */
  readonly signal: AbortSignal;
}

/**
 * A client for `target`. With nodes, calls are balanced over the endpoints; without, the first
 * endpoint that connects answers them all.
 */
export function makeClient(
  target: Target,
  options: ClientOptions,
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

/** A client for one node in maintenance mode. @throws {UsageError} unless exactly one is named. */
export function maintenanceClient(
  nodes: readonly string[],
  fingerprints: readonly string[],
  options: ClientOptions,
): Client {
  if (nodes.length !== 1) {
    throw new UsageError(
      `insecure mode requires one and only one node, got ${nodes.length}: set it with --nodes flag`,
    );
  }
  const accept = (certificate: Uint8Array): boolean =>
    fingerprints.length === 0 || fingerprints.includes(fingerprint(certificate));
  const balancer = new Balancer({
    endpoints: nodes.map(parseEndpoint),
    identity: { accept },
    order: "ordered",
    dialMs: options.dialMs,
  });
  return new Client(balancer, [], options.signal);
}

/** SHA-256 over a certificate's public key in base64, as the console of a node prints it. */
function fingerprint(der: Uint8Array): string {
  const spki = new X509Certificate(der).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("base64");
}
