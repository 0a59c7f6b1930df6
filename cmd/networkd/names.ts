import { hostname as hostnameArgument } from "$lib/cmdline/mod.ts";
import { parseIp } from "$lib/codec/mod.ts";
import { bootArgument, type InterfacePlan } from "./interface_plan.ts";
import type { Leases } from "./lease.ts";
import type { Settings } from "./settings.ts";

/** What the node is called and how it finds names: all that goes into files and the kernel. */
export interface Names {
  readonly hostname: string;
  readonly domain?: string;
  /** Where short names are looked for. */
  readonly searchDomains: readonly string[];
  /** The address that stands beside the name in /etc/hosts. */
  readonly address: string;
  /** As they stand in /etc/resolv.conf. */
  readonly nameservers: readonly string[];
  /** The text of /etc/hosts. */
  readonly hosts: string;
  /** The text of /etc/resolv.conf. */
  readonly resolvConf: string;
  readonly faults: readonly string[];
}

const DEFAULT_ADDRESS = "127.0.1.1";
const DEFAULT_NAMESERVERS = ["1.1.1.1", "8.8.8.8"];
/** The C library reads no more. */
const MAX_NAMESERVERS = 3;
/** What older C libraries read. */
const MAX_DOMAINS = 6;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
const MAX_NAME_LENGTH = 253;

/** Decides names from settings and leases; the first interface that has an answer wins. */
export function decideNames(
  settings: Settings,
  interfaces: readonly InterfacePlan[],
  leases: Leases,
): Names {
  const faults: string[] = [];
  const boot = bootArgument(settings, []);
  const inUse = interfaces.flatMap(({ addressing, link }) =>
    addressing.method === "dhcp" ? leases.get(link.index) ?? [] : []
  );
  const address =
    interfaces.map(({ addressing, link }) =>
      addressing.method === "static" ? addressing.address : leases.get(link.index)?.[0]?.address
    ).find((found) => found !== undefined) ?? DEFAULT_ADDRESS;
  const candidates = [
    settings.network.hostname,
    hostnameArgument(settings.cmdline),
    boot?.hostname,
    ...inUse.map((lease) => lease.hostname),
  ];
  const fqdn = candidates.find((name) => name !== undefined && isName(name, faults)) ??
    `talos-${address.replaceAll(/[.:]+/g, "-")}`;
  const dot = fqdn.indexOf(".");
  const hostname = dot < 0 ? fqdn : fqdn.slice(0, dot);
  const leased = inUse.map(({ domains }) => domains.filter((name) => isName(name, faults)))
    .find((names) => names.length > 0) ?? [];
  const searchDomains = dot < 0 ? leased.slice(0, MAX_DOMAINS) : [fqdn.slice(dot + 1)];
  const [domain] = searchDomains;
  const nameservers = [
    settings.network.nameservers,
    boot?.dns ?? [],
    inUse.flatMap((lease) => lease.dns),
    DEFAULT_NAMESERVERS,
  ].map((list) => list.filter((server) => isAddress(server, faults)))
    .find((list) => list.length > 0) ?? [];
  const asked = [...new Set(nameservers)].slice(0, MAX_NAMESERVERS);
  return {
    hostname,
    address,
    nameservers: asked,
    ...(domain === undefined ? {} : { domain }),
    searchDomains,
    hosts: hostsText({ address, hostname, domain }, settings, faults),
    resolvConf: resolvConfText(asked, searchDomains),
    faults,
  };
}

/** A name that came over the network goes into files: anything but letters, digits, - is refused. */
function isName(name: string, faults: string[]): boolean {
  const good = name.length <= MAX_NAME_LENGTH &&
    name.split(".").every((label) => LABEL.test(label));
  if (!good) faults.push(`Cannot use name ${JSON.stringify(name)}: it is no host or domain name`);
  return good;
}

function isAddress(text: string, faults: string[]): boolean {
  try {
    parseIp(text);
    return true;
  } catch {
    faults.push(`Cannot use ${JSON.stringify(text)}: it is no address`);
    return false;
  }
}

function hostsText(
  { address, hostname, domain }: { address: string; hostname: string; domain: string | undefined },
  { network }: Settings,
  faults: string[],
): string {
  const own = domain === undefined ? hostname : `${hostname}.${domain} ${hostname}`;
  const extra = network.extraHostEntries.filter(({ ip, aliases }) =>
    isAddress(ip, faults) && aliases.length > 0 && aliases.every((name) => isName(name, faults))
  );
  return [
    "127.0.0.1 localhost",
    `${address} ${own}`,
    "::1 localhost ip6-localhost ip6-loopback",
    "ff02::1 ip6-allnodes",
    "ff02::2 ip6-allrouters",
    ...extra.map(({ ip, aliases }) => `${ip} ${aliases.join(" ")}`),
    "",
  ].join("\n");
}

function resolvConfText(nameservers: readonly string[], domains: readonly string[]): string {
  const lines = nameservers.map((server) => `nameserver ${server}`);
  if (domains.length > 0) lines.push(`search ${domains.join(" ")}`);
  return `${lines.join("\n")}\n`;
}
