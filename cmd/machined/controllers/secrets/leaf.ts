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

/**
 * The `present` certificate while it is what is demanded and less than half of its life is over, else
 * a new one. So a restart or an unrelated change issues nothing.
 */
export async function keepLeaf(
  present: PemPair | undefined,
  demand: LeafDemand,
  now: Date,
): Promise<KeptLeaf> {
  if (present && await isGood(present, demand, now)) return kept(present, now);
  const leaf = await issueLeaf({ kind: "ecdsa-p256", ...demand, now });
  return kept(leaf, now);
}

function kept(leaf: PemPair, now: Date): KeptLeaf {
  const { notBefore, notAfter } = inspectCertificate(leaf.crt);
  return { leaf, renewAtMs: renewAt(notBefore, notAfter, now).getTime() };
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
