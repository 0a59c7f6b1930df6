import {
  canonicalIp,
  type CertificateInfo,
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

/** From when on a certificate holds, and when it is to be renewed; milliseconds since 1970. */
interface Times {
  readonly fromMs: number;
  readonly renewAtMs: number;
}

/** What was found of a certificate: it is good for a demand. */
interface Finding extends Times {
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
  const found = present && await goodTimes(present, demand, now);
  if (present && found) return { leaf: present, renewAtMs: found.renewAtMs };
  const leaf = await issueLeaf({ kind: "ecdsa-p256", ...demand, now });
  return { leaf, renewAtMs: timesOf(inspectCertificate(leaf.crt), now).renewAtMs };
}

/** The times of a certificate that is good for a demand now, as it was found last or anew. */
async function goodTimes(
  leaf: PemPair,
  demand: LeafDemand,
  now: Date,
): Promise<Times | undefined> {
  const { ca, subject, sans, usages } = demand;
  const wanted = JSON.stringify([ca.crt, subject, sans, usages]);
  const known = findings.get(leaf);
  // A leaf never outlives its CA, so its own times say all.
  if (known?.demand === wanted && isBetween(now.getTime(), known)) return known;
  const times = await examine(leaf, demand, now);
  if (times) findings.set(leaf, { demand: wanted, ...times });
  return times;
}

function isBetween(nowMs: number, { fromMs, renewAtMs }: Times): boolean {
  return nowMs >= fromMs && nowMs < renewAtMs;
}

function timesOf(validity: Pick<CertificateInfo, "notBefore" | "notAfter">, now: Date): Times {
  const { notBefore, notAfter } = validity;
  return {
    fromMs: notBefore.getTime(),
    renewAtMs: renewAt(notBefore, notAfter, now).getTime(),
  };
}

async function examine(leaf: PemPair, demand: LeafDemand, now: Date): Promise<Times | undefined> {
  try {
    // Under this very CA, and valid now: a clock that was set back asks for a new one too.
    await verifyCertificate({ crt: leaf.crt, ca: demand.ca.crt, now });
    const certificate = inspectCertificate(leaf.crt);
    const { subject, sans, usages } = certificate;
    const times = timesOf(certificate, now);
    const isGood = isBetween(now.getTime(), times) && keyMatches(leaf.crt, leaf.key) &&
      subject.commonName === demand.subject.commonName &&
      sameSet(subject.organization ?? [], demand.subject.organization ?? []) &&
      sameSet(sans.ips.map(canonicalIp), demand.sans.ips.map(canonicalIp)) &&
      sameSet(sans.dns, demand.sans.dns) && sameSet(usages, demand.usages);
    return isGood ? times : undefined;
  } catch {
    return undefined;
  }
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return new Set(a).size === new Set(b).size && a.every((item) => b.includes(item));
}
