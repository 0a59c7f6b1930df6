import { KernelCmdline } from "$lib/cmdline/mod.ts";

/** What machined hands to networkd: the kernel's arguments and the configuration's network. */
export interface Settings {
  readonly cmdline: KernelCmdline;
  readonly network: NetworkConfig;
}

/** The parts of `machine.network` that networkd acts on. */
export interface NetworkConfig {
  readonly hostname?: string;
  readonly nameservers: readonly string[];
  readonly extraHostEntries: readonly HostEntry[];
  readonly interfaces: readonly InterfaceConfig[];
}

/** Names for an address in /etc/hosts. */
export interface HostEntry {
  readonly ip: string;
  readonly aliases: readonly string[];
}

/** What the configuration says of one interface. */
export interface InterfaceConfig {
  readonly interface: string;
  readonly cidr?: string;
  readonly dhcp: boolean;
  readonly ignore: boolean;
  readonly mtu: number;
  readonly routes: readonly RouteConfig[];
  readonly dhcpMetric?: number;
  /** Whether DHCPv4 is done where DHCP is. */
  readonly dhcp4: boolean;
}

/** A static route through an interface. */
export interface RouteConfig {
  readonly network: string;
  readonly gateway: string;
  readonly metric?: number;
}

/** Reads a line from machined. @throws {TypeError} that names the field of the wrong kind */
export function readSettings(value: unknown): Settings {
  const line = record(value, "settings");
  return {
    cmdline: KernelCmdline.parse(text(line.cmdline, "cmdline") ?? ""),
    network: readNetwork(line.network ?? {}),
  };
}

function readNetwork(value: unknown): NetworkConfig {
  const network = record(value, "network");
  return {
    ...optional("hostname", text(network.hostname, "hostname") || undefined),
    nameservers: texts(network.nameservers, "nameservers"),
    extraHostEntries: list(network.extraHostEntries, "extraHostEntries").map((entry) => {
      const { ip, aliases } = record(entry, "extraHostEntries");
      return { ip: text(ip, "ip") ?? "", aliases: texts(aliases, "aliases") };
    }),
    interfaces: list(network.interfaces, "interfaces").map(readInterface),
  };
}

function readInterface(value: unknown): InterfaceConfig {
  const device = record(value, "interfaces");
  const options = record(device.dhcpOptions ?? {}, "dhcpOptions");
  return {
    interface: text(device.interface, "interface") ?? "",
    ...optional("cidr", text(device.cidr, "cidr") || undefined),
    dhcp: flag(device.dhcp, "dhcp") ?? false,
    ignore: flag(device.ignore, "ignore") ?? false,
    mtu: number(device.mtu, "mtu") ?? 0,
    routes: list(device.routes, "routes").map((entry) => {
      const route = record(entry, "routes");
      return {
        network: text(route.network, "network") ?? "",
        gateway: text(route.gateway, "gateway") ?? "",
        ...optional("metric", number(route.metric, "metric") || undefined),
      };
    }),
    ...optional("dhcpMetric", number(options.routeMetric, "routeMetric") || undefined),
    dhcp4: flag(options.ipv4, "ipv4") ?? true,
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : { [key]: value } as { [P in K]?: V };
}

function fault(field: string, kind: string): TypeError {
  return new TypeError(`Cannot read ${field} of the network settings: it is no ${kind}`);
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw fault(field, "object");
  }
  return value as Record<string, unknown>;
}

function list(value: unknown, field: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw fault(field, "list");
  return value;
}

function texts(value: unknown, field: string): string[] {
  return list(value, field).map((item) => {
    if (typeof item !== "string") throw fault(field, "list of texts");
    return item;
  });
}

function text(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw fault(field, "text");
  return value;
}

function flag(value: unknown, field: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw fault(field, "truth value");
  return value;
}

function number(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw fault(field, "number from 0 to 4294967295");
  }
  return value;
}
