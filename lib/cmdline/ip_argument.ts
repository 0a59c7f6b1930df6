import { classPrefix, maskPrefix, parseIp, parseIpv4 } from "$lib/codec/mod.ts";
import type { KernelCmdline } from "./cmdline.ts";

/** The ten fields of `ip=`; an empty field, `0.0.0.0` or `::` is absent. */
export interface IpArgument {
  readonly client?: string;
  readonly server?: string;
  readonly gateway?: string;
  /**
   * Prefix length: from the netmask, or when none is given from the class of the client address, 64 for
   * one of IPv6.
   */
  readonly prefix?: number;
  readonly hostname?: string;
  readonly device?: string;
  /** `off`, `none`, `on`, `any`, `dhcp`, `bootp`, `rarp` or `both`. */
  readonly autoconf?: string;
  /** `dns0` and `dns1`, those that are given. */
  readonly dns: readonly string[];
  readonly ntp?: string;
}

const IPV6_PREFIX = 64;
const AUTOCONF = ["off", "none", "on", "any", "dhcp", "bootp", "rarp", "both"];

/**
 * Reads `ip=<client>:<server>:<gateway>:<netmask>:<hostname>:<device>:<autoconf>:<dns0>:<dns1>:<ntp0>`
 * (or the short form `ip=<autoconf>`); nothing when the argument is absent or empty. An IPv6 address
 * stands in square brackets, and has a prefix length as its netmask.
 *
 * @throws {SyntaxError} that names the field which is not an address, a netmask or a known method
 */
export function ipArgument(cmdline: KernelCmdline): IpArgument | undefined {
  const text = cmdline.last("ip");
  if (!text) return undefined;
  if (!text.includes(":")) return { ...optional("autoconf", autoconf(text)), dns: [] };
  // A colon inside brackets belongs to the address.
  const fields = text.split(/:(?![^[\]]*\])/);
  const client = address("client-ip", fields[0]);
  return {
    ...optional("client", client),
    ...optional("server", address("server-ip", fields[1])),
    ...optional("gateway", address("gw-ip", fields[2])),
    ...optional("prefix", prefix(fields[3], client) ?? defaultPrefix(client)),
    ...optional("hostname", fields[4] || undefined),
    ...optional("device", fields[5] || undefined),
    ...optional("autoconf", autoconf(fields[6] ?? "")),
    dns: [address("dns0-ip", fields[7]), address("dns1-ip", fields[8])].filter((dns) =>
      dns !== undefined
    ),
    ...optional("ntp", address("ntp0-ip", fields[9])),
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : { [key]: value } as { [P in K]?: V };
}

function autoconf(text: string): string | undefined {
  if (text === "") return undefined;
  if (!AUTOCONF.includes(text)) throw fault("autoconf", text);
  return text;
}

function address(field: string, text: string | undefined): string | undefined {
  const bare = /^\[(.*:.*)\]$/.exec(text ?? "")?.[1] ?? text;
  if (bare === undefined || bare === "" || bare === "0.0.0.0" || bare === "::") return undefined;
  // Without brackets a colon would have parted it.
  return parsed(field, text ?? "", () => (parseIp(bare), bare));
}

function prefix(text: string | undefined, client: string | undefined): number | undefined {
  if (text === undefined || text === "" || text === "0.0.0.0") return undefined;
  const bits = client?.includes(":") ? 128 : 32;
  if (/^\d{1,3}$/.test(text) && Number(text) <= bits) return Number(text);
  return parsed("netmask", text, () => maskPrefix(parseIpv4(text)));
}

/** What the kernel assumes without a netmask; for IPv6, of which it knows nothing, the usual. */
function defaultPrefix(client: string | undefined): number | undefined {
  if (client === undefined) return undefined;
  if (client.includes(":")) return IPV6_PREFIX;
  return classPrefix(client);
}

/** What `parse` gives. @throws {SyntaxError} that names the field when it refuses the text */
function parsed<T>(field: string, text: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw fault(field, text);
  }
}

function fault(field: string, text: string): SyntaxError {
  return new SyntaxError(`Cannot read ${field} of kernel argument ip: ${JSON.stringify(text)}`);
}
