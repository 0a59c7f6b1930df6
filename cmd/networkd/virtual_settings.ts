import { BOND_OPTIONS, type BondOption, type BondOptions } from "$lib/codec/mod.ts";
import { flag, list, number, optional, record, text, texts } from "./fields.ts";

/** What makes an interface a virtual one. */
export type VirtualConfig =
  | { readonly kind: "dummy" }
  | { readonly kind: "vlan"; readonly parent: string; readonly id: number }
  | BondConfig
  | WireguardConfig;

/** A bond of other interfaces; `primary` is one of them by name. */
export interface BondConfig {
  readonly kind: "bond";
  readonly members: readonly string[];
  readonly primary?: string;
  readonly options: Omit<BondOptions, "primary">;
}

/** A WireGuard tunnel. */
export interface WireguardConfig {
  readonly kind: "wireguard";
  readonly privateKey?: string;
  readonly listenPort?: number;
  readonly firewallMark: number;
  readonly peers: readonly WireguardPeerConfig[];
}

/** A peer of a tunnel; `endpoint` is `<host>:<port>`. */
export interface WireguardPeerConfig {
  readonly publicKey: string;
  readonly endpoint?: string;
  readonly keepaliveSeconds: number;
  readonly allowedIps: readonly string[];
}

/** What a device of the configuration is made as, when it is no hardware. @throws {TypeError} */
export function readVirtual(device: Record<string, unknown>): VirtualConfig | undefined {
  if (device.bond) return readBond(record(device.bond, "bond"));
  if (device.wireguard) return readWireguard(record(device.wireguard, "wireguard"));
  return flag(device.dummy, "dummy") ? { kind: "dummy" } : undefined;
}

function readBond(bond: Record<string, unknown>): BondConfig {
  const options: { [option in BondOption]?: string | number } = {};
  for (const name of BOND_OPTIONS) {
    const value = readOption(bond[name], name);
    if (value !== undefined && name !== "primary") options[name] = value;
  }
  return {
    kind: "bond",
    members: texts(bond.interfaces, "bond.interfaces"),
    ...optional("primary", text(bond.primary, "bond.primary") || undefined),
    options,
  };
}

/** Empty texts stand for options that are not said, as in 0.9. */
function readOption(value: unknown, name: string): string | number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "boolean") return Number(value);
  return typeof value === "string" ? value : number(value, `bond.${name}`);
}

function readWireguard(wireguard: Record<string, unknown>): WireguardConfig {
  return {
    kind: "wireguard",
    ...optional("privateKey", text(wireguard.privateKey, "wireguard.privateKey") || undefined),
    ...optional("listenPort", number(wireguard.listenPort, "wireguard.listenPort") || undefined),
    firewallMark: number(wireguard.firewallMark, "wireguard.firewallMark") ?? 0,
    peers: list(wireguard.peers, "wireguard.peers").map(readPeer),
  };
}

function readPeer(value: unknown): WireguardPeerConfig {
  const peer = record(value, "wireguard.peers");
  const keepaliveMs = number(peer.persistentKeepaliveInterval, "persistentKeepaliveInterval") ?? 0;
  return {
    publicKey: text(peer.publicKey, "publicKey") ?? "",
    ...optional("endpoint", text(peer.endpoint, "endpoint") || undefined),
    keepaliveSeconds: Math.round(keepaliveMs / 1_000),
    allowedIps: texts(peer.allowedIPs, "allowedIPs"),
  };
}
