import type { KernelCmdline } from "./cmdline.ts";

/** The ten fields of `ip=`; an empty field or `0.0.0.0` is absent. Addresses are dotted IPv4. */
export interface IpArgument {
  readonly client?: string;
  readonly server?: string;
  readonly gateway?: string;
  /** Prefix length: from the netmask, or from the class of the client address when none is given. */
  readonly prefix?: number;
  readonly hostname?: string;
  readonly device?: string;
  /** `off`, `none`, `on`, `any`, `dhcp`, `bootp`, `rarp` or `both`. */
  readonly autoconf?: string;
  /** `dns0` and `dns1`, those that are given. */
  readonly dns: readonly string[];
  readonly ntp?: string;
}

const AUTOCONF = ["off", "none", "on", "any", "dhcp", "bootp", "rarp", "both"];

/**
 * Reads `ip=<client>:<server>:<gateway>:<netmask>:<hostname>:<device>:<autoconf>:<dns0>:<dns1>:<ntp0>`
 * (or the short form `ip=<autoconf>`); nothing when the argument is absent or empty.
 *
 * @throws {SyntaxError} that names the field which is not an address, a netmask or a known method
 */
export function ipArgument(cmdline: KernelCmdline): IpArgument | undefined {
  const text = cmdline.last("ip");
  if (!text) return undefined;
  if (!text.includes(":")) return { ...optional("autoconf", autoconf(text)), dns: [] };
  const fields = text.split(":");
  const client = address("client-ip", fields[0]);
  return {
    ...optional("client", client),
    ...optional("server", address("server-ip", fields[1])),
    ...optional("gateway", address("gw-ip", fields[2])),
    ...optional("prefix", prefix(fields[3]) ?? classfulPrefix(client)),
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
  if (text === undefined || text === "" || text === "0.0.0.0") return undefined;
  if (octets(text) === undefined) throw fault(field, text);
  return text;
}

function prefix(text: string | undefined): number | undefined {
  if (text === undefined || text === "" || text === "0.0.0.0") return undefined;
  if (/^\d{1,2}$/.test(text) && Number(text) <= 32) return Number(text);
  const mask = octets(text);
  if (mask === undefined) throw fault("netmask", text);
  const bits = mask.map((octet) => octet.toString(2).padStart(8, "0")).join("");
  if (!/^1*0*$/.test(bits)) throw fault("netmask", text);
  return bits.indexOf("0") < 0 ? 32 : bits.indexOf("0");
}

/** What the kernel assumes without a netmask. */
function classfulPrefix(client: string | undefined): number | undefined {
  if (client === undefined) return undefined;
  const first = octets(client)?.[0] ?? 0;
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

function octets(text: string): number[] | undefined {
  if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(text)) return undefined;
  const numbers = text.split(".").map(Number);
  return numbers.every((number) => number <= 255) ? numbers : undefined;
}

function fault(field: string, text: string): SyntaxError {
  return new SyntaxError(`Cannot read ${field} of kernel argument ip: ${JSON.stringify(text)}`);
}
