import { canonicalIp } from "$lib/codec/mod.ts";
import {
  inspectCertificate,
  isInTerm,
  issueLeaf,
  keyMatches,
  type PemPair,
  type Sans,
  type Subject,
  type Term,
  termOf,
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

/** What was found of a certificate: it is good for a demand. */
interface Finding extends Term {
  readonly demand: string;
}

/** What was found last: to read and verify a certificate takes milliseconds, and passes are many. */
const findings = new WeakMap<PemPair, Finding>();

/**
 * The `present` certificate while it is what is demanded and less than half of its life is over, else
 * a new one. So a restart or an unrelated change issues nothing.
 */
export async function keepLeaf(
  present: PemPair | undefined,
  demand: LeafDemand,
  now: Date,
): Promise<KeptLeaf> {
  const found = present && await goodTerm(present, demand, now);
  if (present && found) return { leaf: present, renewAtMs: found.renewAtMs };
  const leaf = await issueLeaf({ kind: "ecdsa-p256", ...demand, now });
  return { leaf, renewAtMs: termOf(inspectCertificate(leaf.crt), now).renewAtMs };
}

/** The term of a certificate that is good for a demand now, as it was found last or anew. */
async function goodTerm(
  leaf: PemPair,
  demand: LeafDemand,
  now: Date,
): Promise<Term | undefined> {
  const { ca, subject, sans, usages } = demand;
  const wanted = JSON.stringify([ca.crt, subject, sans, usages]);
  const known = findings.get(leaf);
  // A leaf never outlives its CA, so its own term says all.
  if (known?.demand === wanted && isInTerm(now.getTime(), known)) return known;
  const term = await examine(leaf, demand, now);
  if (term) findings.set(leaf, { demand: wanted, ...term });
  return term;
}

async function examine(leaf: PemPair, demand: LeafDemand, now: Date): Promise<Term | undefined> {
  try {
    // Under this very CA, and valid now: a clock that was set back asks for a new one too.
    await verifyCertificate({ crt: leaf.crt, ca: demand.ca.crt, now });
    const certificate = inspectCertificate(leaf.crt);
    const { subject, sans, usages } = certificate;
    const term = termOf(certificate, now);
    const isGood = isInTerm(now.getTime(), term) && keyMatches(leaf.crt, leaf.key) &&
      subject.commonName === demand.subject.commonName &&
      sameSet(subject.organization ?? [], demand.subject.organization ?? []) &&
      sameSet(sans.ips.map(canonicalIp), demand.sans.ips.map(canonicalIp)) &&
      sameSet(sans.dns, demand.sans.dns) && sameSet(usages, demand.usages);
    return isGood ? term : undefined;
  } catch {
    return undefined;
  }
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return new Set(a).size === new Set(b).size && a.every((item) => b.includes(item));
}
