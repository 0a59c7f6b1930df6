// The library registers its parts by decorators, which need this module before it.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { pemBlock } from "./pem.ts";
import type { Sans, Subject } from "./names.ts";

export { x509 };

/** A subject in the order Go writes one: O before CN. */
export function distinguishedName(subject: Subject): x509.JsonName {
  const organization = subject.organization?.filter((name) => name !== "") ?? [];
  return [
    ...organization.map((name) => ({ O: [name] })),
    ...(subject.commonName ? [{ CN: [subject.commonName] }] : []),
  ];
}

/** The subject in a distinguished name; parts other than O and CN are left out. */
export function subjectOf(name: x509.Name): Subject {
  const [commonName] = name.getField("CN");
  const organization = name.getField("O");
  return {
    ...(commonName === undefined ? {} : { commonName }),
    ...(organization.length ? { organization } : {}),
  };
}

/**
 * The extension that carries `names`, or none when there are no names. It is `critical` where the
 * subject is empty: RFC 5280, section 4.2.1.6.
 */
export function sanExtension(names: Sans, critical: boolean): x509.Extension[] {
  const entries = [
    ...names.ips.map((value) => ({ type: "ip" as const, value })),
    ...names.dns.map((value) => ({ type: "dns" as const, value })),
  ];
  return entries.length ? [new x509.SubjectAlternativeNameExtension(entries, critical)] : [];
}

/** The addresses and names in an extension; mail, URI and other kinds are left out. */
export function sansOf(extension: x509.Extension | null): Sans {
  if (!(extension instanceof x509.SubjectAlternativeNameExtension)) return { ips: [], dns: [] };
  const of = (type: string): string[] =>
    extension.names.items.filter((name) => name.type === type).map((name) => name.value);
  return { ips: of("ip"), dns: of("dns") };
}

/** The first certificate in `pem`. @throws {SyntaxError} when there is none. */
export function parseCertificate(pem: string, what = "certificate"): x509.X509Certificate {
  const { der } = pemBlock(pem, what, ["CERTIFICATE"]);
  try {
    return new x509.X509Certificate(der);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${what}: the PEM body is not a certificate`, { cause });
  }
}

/** 127 random bits: positive and never short, as browsers and Go want serial numbers. */
export function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
