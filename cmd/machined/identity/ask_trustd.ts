/** Gets a certificate from the control plane, for a node that has no key of the machine CA. */
import { createClient } from "@connectrpc/connect";
import {
  createCsr,
  createKey,
  keyMatches,
  type PemPair,
  sans,
  verifyCertificate,
} from "$lib/pki/mod.ts";
import { tlsTransport } from "$lib/rpc/mod.ts";
import { SecurityService } from "$proto/security/security_pb.ts";

/** A trustd. */
export interface TrustdAddress {
  readonly host: string;
  readonly port: number;
}

/** What is asked for, and of whom. */
export interface TrustRequest {
  /** The control planes' trustds, in the order in which they are tried. */
  readonly endpoints: readonly TrustdAddress[];
  /** The machine CA: only under it a trustd is one, and a certificate good. It may be empty. */
  readonly ca: string;
  /** The CA of Kubernetes: where there is no machine CA, a trustd that it vouches for tells that. */
  readonly clusterCa: string;
  readonly token: string;
  readonly names: readonly string[];
  readonly now: () => Date;
}

const DIAL_MS = 4_000;
const CALL_MS = 10_000;

/** A certificate with its key, and the machine CA that signed it. */
export interface Trust extends PemPair {
  readonly ca: string;
}

/**
 * A new key, and the certificate that the first trustd to answer signs for it. The token is shown to
 * nobody who has no certificate of these CAs.
 *
 * @throws {Error} with the reason of each that was asked
 */
export async function askTrustd(request: TrustRequest, signal: AbortSignal): Promise<Trust> {
  const { endpoints, names, ca, clusterCa, token } = request;
  if (ca === "" && clusterCa === "") throw missing("machine.ca.crt");
  if (token === "") throw missing("machine.token");
  const key = await createKey("ecdsa-p256");
  const commonName = names.find((name) => /[a-z]/i.test(name) && name !== "localhost") ?? "node";
  const subject = { commonName: commonName.slice(0, 64) };
  const csr = await createCsr({ key, subject, sans: sans(names) });
  const reasons: string[] = [];
  for (const endpoint of endpoints) {
    try {
      return { ...await signedBy(endpoint, csr, key, request, signal), key };
    } catch (error) {
      signal.throwIfAborted();
      reasons.push(`${endpoint.host}: ${reasonOf(error)}`);
    }
  }
  const why = reasons.join("; ") || "no control plane is known";
  throw new Error(`Cannot get a certificate from the control plane: ${why}`);
}

function missing(field: string): Error {
  return new Error(
    `Cannot ask the control plane for a certificate: ${field} is not set; take it from the ` +
      "configuration of a control plane, and leave machine.ca.key empty",
  );
}

async function signedBy(
  { host, port }: TrustdAddress,
  csr: string,
  key: string,
  { ca: known, clusterCa, token, now }: TrustRequest,
  signal: AbortSignal,
): Promise<{ crt: string; ca: string }> {
  const anchor = known || clusterCa;
  const transport = tlsTransport({ host, port, ca: anchor, dialMs: DIAL_MS, timeoutMs: CALL_MS });
  try {
    const client = createClient(SecurityService, transport);
    const request = { csr: new TextEncoder().encode(csr) };
    const answer = await client.certificate(request, { headers: { token }, signal });
    const crt = new TextDecoder().decode(answer.crt);
    const ca = known || new TextDecoder().decode(answer.ca);
    await verifyCertificate({ crt, ca, now: now(), usage: "serverAuth" });
    if (!keyMatches(crt, key)) throw new Error("it signed the certificate for another key");
    return { crt, ca };
  } finally {
    transport.close();
  }
}

function reasonOf(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return /self.signed|issuer|unable to (get|verify)|signature/i.test(reason)
    ? `${reason} (is machine.ca of this machine, or without it cluster.ca, the one of its control plane?)`
    : reason;
}
