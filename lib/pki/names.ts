import { isIP } from "node:net";
import { canonicalIp } from "$lib/codec/mod.ts";

/** Who a certificate is about. Empty parts are left out. */
export interface Subject {
  readonly commonName?: string;
  readonly organization?: readonly string[];
}

/** The names and addresses a certificate speaks for. */
export interface Sans {
  readonly ips: readonly string[];
  readonly dns: readonly string[];
}

/** No names at all. */
export const NO_SANS: Sans = { ips: [], dns: [] };

const DNS_NAME = /^(?:\*\.)?(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*$/;

/**
 * Sorts a mixed list, as `machine.certSANs` is one, into addresses and names; brackets around IPv6
 * addresses, zones and a closing dot go, doubles are dropped. @throws {RangeError} on anything else.
 */
export function sans(names: Iterable<string>): Sans {
  const ips = new Set<string>();
  const dns = new Set<string>();
  for (const raw of names) {
    const name = raw.trim().replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "").replace(/\.$/, "");
    if (isIP(name)) ips.add(canonicalIp(name));
    else if (DNS_NAME.test(name) && name.length <= 253) dns.add(name.toLowerCase());
    else {throw new RangeError(
        `Cannot use name "${raw}" in a certificate: not an address or a name`,
      );}
  }
  return { ips: [...ips], dns: [...dns] };
}

/** Whether `name` (an address or a host name) is among `names`; `*.` covers one label. */
export function covers(names: Sans, name: string): boolean {
  const wanted = name.replace(/^\[(.*)\]$/, "$1");
  if (isIP(wanted)) return names.ips.some((ip) => canonicalIp(ip) === canonicalIp(wanted));
  const host = wanted.toLowerCase().replace(/\.$/, "");
  return names.dns.some((pattern) => {
    const known = pattern.toLowerCase();
    return known === host ||
      (known.startsWith("*.") && host.slice(host.indexOf(".")) === known.slice(1));
  });
}
