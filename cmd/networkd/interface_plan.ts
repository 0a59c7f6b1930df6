import { ignoredInterfaces, type IpArgument, ipArgument } from "$lib/cmdline/mod.ts";
import { ARPHRD, type IpPrefix, type Link, parseCidr } from "$lib/codec/mod.ts";
import type { InterfaceConfig, RouteConfig, Settings } from "./settings.ts";

/** How one interface gets its addresses, and what else is set on it. */
export interface InterfacePlan {
  readonly link: Link;
  readonly addressing: Addressing;
  /** 0 leaves it as it is. */
  readonly mtu: number;
  readonly routes: readonly RouteConfig[];
  /** An address that control planes share and that is this machine's now. */
  readonly shared?: string;
  /** The bond it is a part of: that one has the addresses. */
  readonly bond?: string;
}

/** Where an interface's address comes from. */
export type Addressing =
  | { readonly method: "none" }
  | { readonly method: "static" } & IpPrefix
  | {
    readonly method: "dhcp";
    readonly families: readonly IpFamily[];
    /** Of the routes that DHCPv4 brings; those of IPv6 come from routers. */
    readonly metric: number;
  };

/** IPv4 or IPv6. */
export type IpFamily = 4 | 6;

/** Metric of routes that DHCP brings, when the configuration says nothing else. */
export const DHCP_METRIC = 1024;
/** Metric of routes in the configuration that name none. */
export const STATIC_METRIC = 10;

/** What to do with each interface that networkd touches, and what of the settings is unusable. */
export function interfacePlans(
  settings: Settings,
  links: readonly Link[],
): { readonly interfaces: readonly InterfacePlan[]; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const ignored = ignoredLinks(settings);
  const configs = new Map(settings.network.interfaces.map((entry) => [entry.interface, entry]));
  const managed = links.filter(({ name }) => !ignored.has(name));
  const loopback = managed.find(({ type, name }) => type === ARPHRD.LOOPBACK && configs.has(name));
  if (loopback) {
    faults.push(
      `Cannot set up ${loopback.name} otherwise: addresses of no link belong on a dummy interface`,
    );
  }
  const touchable = managed.filter(({ type }) => type !== ARPHRD.LOOPBACK);
  const argument = bootArgument(settings, faults);
  const members = bondMembers(settings);
  const usable = touchable.filter((link) => isUsable(link) && !members.has(link.name));
  const bootDevice = argument?.client ? argument.device ?? usable[0]?.name : undefined;
  const interfaces = touchable.flatMap((link): InterfacePlan[] => {
    const config = configs.get(link.name);
    const bond = members.get(link.name);
    if (bond !== undefined) return [partOf(bond, link)];
    if (config) return [configured(link, config, settings.shared, faults)];
    if (argument && link.name === bootDevice) return [booted(link, argument)];
    return usable.includes(link) ? [byDefault(link)] : [];
  });
  return { interfaces, faults };
}

/** The `ip=` argument; one that cannot be read is a fault, and the rest goes on without it. */
export function bootArgument(settings: Settings, faults: string[]): IpArgument | undefined {
  try {
    return ipArgument(settings.cmdline);
  } catch (error) {
    faults.push(messageOf(error));
    return undefined;
  }
}

/**
 * Whether DHCP is done by default: on ethernet hardware that belongs to no bond or bridge. Pods'
 * ends of veth pairs are not ours; one that is named as hardware is a test's or a container's NIC.
 */
export function isUsable(link: Link): boolean {
  if (link.type !== ARPHRD.ETHER || link.master !== undefined) return false;
  return link.kind === undefined || (link.kind === "veth" && /^(en|eth)/.test(link.name));
}

/** Which bond an interface is to be a part of, by their names. */
export function bondMembers(settings: Settings): ReadonlyMap<string, string> {
  const ignored = ignoredLinks(settings);
  return new Map(
    settings.network.interfaces.flatMap(({ interface: bond, virtual }) =>
      virtual?.kind === "bond" && !ignored.has(bond)
        ? virtual.members.filter((member) => !ignored.has(member))
          .map((member) => [member, bond] as const)
        : []
    ),
  );
}

/** The names of links that are not to be touched, by a kernel argument or the configuration. */
export function ignoredLinks({ cmdline, network }: Settings): ReadonlySet<string> {
  const configured = network.interfaces.filter(({ ignore }) => ignore);
  return new Set([...ignoredInterfaces(cmdline), ...configured.map((one) => one.interface)]);
}

function partOf(bond: string, link: Link): InterfacePlan {
  return { link, addressing: { method: "none" }, mtu: 0, routes: [], bond };
}

function byDefault(link: Link): InterfacePlan {
  const addressing = { method: "dhcp", families: [4], metric: DHCP_METRIC } as const;
  return { link, addressing, mtu: 0, routes: [] };
}

function booted(link: Link, { client = "", prefix = 32, gateway }: IpArgument): InterfacePlan {
  return {
    link,
    addressing: { method: "static", address: client, prefix },
    mtu: 0,
    routes: gateway === undefined ? [] : [{ network: everywhere(gateway), gateway }],
  };
}

function everywhere(gateway: string): string {
  return gateway.includes(":") ? "::/0" : "0.0.0.0/0";
}

function configured(
  link: Link,
  config: InterfaceConfig,
  held: readonly string[],
  faults: string[],
): InterfacePlan {
  const { mtu, routes, sharedAddress = "" } = config;
  const shared = held.includes(sharedAddress) ? { shared: sharedAddress } : {};
  return { link, addressing: addressing(config, faults), mtu, routes, ...shared };
}

function addressing(config: InterfaceConfig, faults: string[]): Addressing {
  if (config.cidr !== undefined) {
    try {
      return { method: "static", ...parseCidr(config.cidr) };
    } catch (error) {
      faults.push(`${config.interface}: ${messageOf(error)}`);
      return { method: "none" };
    }
  }
  // Neither address nor dhcp is said: as in 0.9, DHCP, unless there are others to have addresses.
  const implied = !config.carriesVlans &&
    (config.virtual === undefined || config.virtual.kind === "bond");
  const families: IpFamily[] = [];
  if (config.dhcp4 && (config.dhcp || implied)) families.push(4);
  if (config.dhcp6 && config.dhcp) families.push(6);
  if (families.length === 0) return { method: "none" };
  return { method: "dhcp", families, metric: config.dhcpMetric ?? DHCP_METRIC };
}

/** The families of DHCP that an interface does. */
export function dhcpFamilies({ addressing }: InterfacePlan): readonly IpFamily[] {
  return addressing.method === "dhcp" ? addressing.families : [];
}

/** The sentence of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
