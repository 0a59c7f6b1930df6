import { oncePerSpec } from "$lib/cosi/mod.ts";
import {
  canonicalIp,
  inspectCertificate,
  issueLeaf,
  keyMatches,
  type PemPair,
  renewAt,
  type Sans,
  type Subject,
  type Usage,
  verifyCertificate,
} from "$lib/pki/mod.ts";

/** What a certificate has to be. */
export interface LeafDemand {
  readonly ca: PemPair;
  readonly subject: Subject;
  readonly sans: Sans;
  readonly usages: readonly Usage[];
  readonly lifetimeMs: number;
}

/** A certificate, and when to look at it again. */
export interface KeptLeaf {
  readonly leaf: PemPair;
  readonly renewAtMs: number;
}

/** A demand that a certificate was found good for, and from when on and until when it stays so. */
interface Finding {
  readonly demand: string;
  readonly fromMs: number;
  readonly renewAtMs: number;
}

/** What was found of a certificate last: to read and verify one takes milliseconds, and passes are many. */
const findings = oncePerSpec((_: PemPair): { last?: Finding } => ({}));

/**
 * The `present` certificate while it is what is demanded and less than half of its life is over, else
 * a new one. So a restart or an unrelated change issues nothing.
 */
export async function keepLeaf(
  present: PemPair | undefined,
  demand: LeafDemand,
  now: Date,
): Promise<KeptLeaf> {
  if (present) {
    const found = findings(present);
    const wanted = textOf(demand);
    if (found.last && stillHolds(found.last, wanted, now.getTime())) {
      return { leaf: present, renewAtMs: found.last.renewAtMs };
    }
    if (await isGood(present, demand, now)) {
      found.last = { demand: wanted, ...timesOf(present, now) };
      return { leaf: present, renewAtMs: found.last.renewAtMs };
    }
  }
  const leaf = await issueLeaf({ kind: "ecdsa-p256", ...demand, now });
  return { leaf, renewAtMs: timesOf(leaf, now).renewAtMs };
}

/** A leaf never outlives its CA, so its own times say all. */
function stillHolds({ demand, fromMs, renewAtMs }: Finding, wanted: string, nowMs: number) {
  return demand === wanted && nowMs >= fromMs && nowMs < renewAtMs;
}

function textOf({ ca, subject, sans, usages }: LeafDemand): string {
  return JSON.stringify([ca.crt, subject, sans, usages]);
}

function timesOf({ crt }: PemPair, now: Date): { fromMs: number; renewAtMs: number } {
  const { notBefore, notAfter } = inspectCertificate(crt);
  return {
    fromMs: notBefore.getTime(),
    renewAtMs: renewAt(notBefore, notAfter, now).getTime(),
  };
}

async function isGood(leaf: PemPair, demand: LeafDemand, now: Date): Promise<boolean> {
  try {
    // Under this very CA, and valid now: a clock that was set back asks for a new one too.
    await verifyCertificate({ crt: leaf.crt, ca: demand.ca.crt, now });
    const { subject, sans, usages, notBefore, notAfter } = inspectCertificate(leaf.crt);
    return renewAt(notBefore, notAfter, now) > now && keyMatches(leaf.crt, leaf.key) &&
      subject.commonName === demand.subject.commonName &&
      sameSet(subject.organization ?? [], demand.subject.organization ?? []) &&
      sameSet(sans.ips.map(canonicalIp), demand.sans.ips.map(canonicalIp)) &&
      sameSet(sans.dns, demand.sans.dns) && sameSet(usages, demand.usages);
  } catch {
    return false;
  }
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return new Set(a).size === new Set(b).size && a.every((item) => b.includes(item));
}
