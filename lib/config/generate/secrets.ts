import { createCa, createKey, hoursMs, issueClientLeaf, type PemPair, sans } from "$lib/pki/mod.ts";
import type { MachineConfig } from "../schema/document.ts";
import { type ConfigContract, contractOf } from "./contract.ts";

/** All that members of one cluster share and outsiders must not know. */
export interface SecretsBundle {
  /** The CA of the machines' API. */
  readonly ca: PemPair;
  readonly etcdCa: PemPair;
  readonly kubernetesCa: PemPair;
  /** Absent in 0.8 clusters. */
  readonly aggregatorCa?: PemPair;
  /** PEM of the key that signs service account tokens; absent in 0.8 clusters. */
  readonly serviceAccountKey?: string;
  readonly machineToken: string;
  readonly bootstrapToken: string;
  /** 32 bytes in base64. */
  readonly aescbcEncryptionSecret: string;
}

/** Ten years, the life of an administrator's certificate in 0.9. */
export const ADMIN_CERT_HOURS = 87_600;

/** New secrets for a cluster. */
export async function createSecrets(
  request: { readonly now: Date; readonly talosVersion?: string },
): Promise<SecretsBundle> {
  const { now } = request;
  const contract = contractOf(request.talosVersion);
  const kind = contract.ecdsaKeys ? "ecdsa-p256" : "rsa-4096";
  const [ca, etcdCa, kubernetesCa] = await Promise.all([
    createCa({ kind: "ed25519", subject: { organization: ["talos"] }, now }),
    createCa({ kind, subject: { organization: ["etcd"] }, now }),
    createCa({ kind, subject: { organization: ["kubernetes"] }, now }),
  ]);
  return {
    ca,
    etcdCa,
    kubernetesCa,
    ...(await controlPlaneSecrets(contract, now)),
    machineToken: randomToken(),
    bootstrapToken: randomToken(),
    aescbcEncryptionSecret: btoa(
      String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))),
    ),
  };
}

async function controlPlaneSecrets(contract: ConfigContract, now: Date) {
  if (!contract.staticPods) return {};
  const subject = { commonName: "front-proxy" };
  return {
    aggregatorCa: await createCa({ kind: "ecdsa-p256", subject, now }),
    serviceAccountKey: await createKey("ecdsa-p256"),
  };
}

/** The secrets that a control plane's configuration holds, to make further configurations from. */
export function secretsOf(config: MachineConfig): SecretsBundle {
  const { machine, cluster } = config;
  const etcdCa = cluster.etcd?.ca;
  if (!machine.ca?.key || !cluster.ca?.key || !etcdCa?.key) {
    throw new TypeError("Cannot take secrets from config: it lacks the key of a CA");
  }
  return {
    ca: machine.ca,
    etcdCa,
    kubernetesCa: cluster.ca,
    ...(cluster.aggregatorCA ? { aggregatorCa: cluster.aggregatorCA } : {}),
    ...(cluster.serviceAccount ? { serviceAccountKey: cluster.serviceAccount.key } : {}),
    machineToken: machine.token,
    bootstrapToken: cluster.token ?? "",
    aescbcEncryptionSecret: cluster.aescbcEncryptionSecret,
  };
}

/** The administrator's client certificate, as a talosconfig holds it. */
export function createAdminIdentity(
  request: { readonly ca: PemPair; readonly now: Date; readonly hours?: number },
): Promise<PemPair> {
  return issueClientLeaf({
    ca: request.ca,
    subject: { organization: ["os:admin"] },
    sans: sans(["127.0.0.1"]),
    now: request.now,
    lifetimeMs: hoursMs(request.hours ?? ADMIN_CERT_HOURS),
  });
}

const TOKEN_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** A token of the form `[a-z0-9]{6}.[a-z0-9]{16}`, every letter equally likely. */
export function randomToken(): string {
  return `${randomLetters(6)}.${randomLetters(16)}`;
}

function randomLetters(count: number): string {
  // Bytes of the last, incomplete round are thrown away: they would favour the first letters.
  const limit = 256 - (256 % TOKEN_LETTERS.length);
  let letters = "";
  while (letters.length < count) {
    for (const byte of crypto.getRandomValues(new Uint8Array(count))) {
      if (byte < limit && letters.length < count) {
        letters += TOKEN_LETTERS.charAt(byte % TOKEN_LETTERS.length);
      }
    }
  }
  return letters;
}
