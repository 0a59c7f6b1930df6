import { KernelCmdline } from "$lib/cmdline/mod.ts";
import { canonicalIp } from "$lib/codec/mod.ts";
import { flag, list, number, optional, record, text, texts } from "./fields.ts";
import { readVirtual, type VirtualConfig } from "./virtual_settings.ts";

/** What machined hands to networkd: the kernel's arguments and the configuration's network. */
export interface Settings {
  readonly cmdline: KernelCmdline;
  readonly network: NetworkConfig;
  /** Addresses that control planes share, those that this machine has now. */
  readonly shared: readonly string[];
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
  /** Whether DHCPv4 and DHCPv6 are done where DHCP is. */
  readonly dhcp4: boolean;
  readonly dhcp6: boolean;
  /** What it is made as; absent for hardware. */
  readonly virtual?: VirtualConfig;
  /** The address it has while it is this machine's. */
  readonly sharedAddress?: string;
  /** It may go without addresses: VLANs over it have them. */
  readonly carriesVlans: boolean;
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
    shared: texts(line.shared, "shared").map(asKernelWrites),
  };
}

/** An address in the one form that the kernel's answers have; other text is left to who uses it. */
function asKernelWrites(address: string): string {
  try {
    return canonicalIp(address);
  } catch {
    return address;
  }
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
    interfaces: list(network.interfaces, "interfaces").flatMap((value) => {
      const device = record(value, "interfaces");
      return [readInterface(device), ...readVlans(device)];
    }),
  };
}

/** VLANs are interfaces of their own, called after the one they run over. */
function readVlans(device: Record<string, unknown>): InterfaceConfig[] {
  const parent = text(device.interface, "interface") ?? "";
  return list(device.vlans, "vlans").map((value) => {
    const vlan = record(value, "vlans");
    const id = number(vlan.vlanId, "vlanId") ?? 0;
    return {
      ...readInterface({ ...vlan, interface: `${parent}.${id}`, ignore: device.ignore }),
      virtual: { kind: "vlan", parent, id },
    };
  });
}

function readInterface(device: Record<string, unknown>): InterfaceConfig {
  const virtual = readVirtual(device);
  const options = record(device.dhcpOptions ?? {}, "dhcpOptions");
  const sharedAddress = text(record(device.vip ?? {}, "vip").ip, "vip.ip") ?? "";
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
    dhcp6: flag(options.ipv6, "ipv6") ?? false,
    ...optional("virtual", virtual),
    ...optional("sharedAddress", asKernelWrites(sharedAddress) || undefined),
    carriesVlans: list(device.vlans, "vlans").length > 0,
  };
}
