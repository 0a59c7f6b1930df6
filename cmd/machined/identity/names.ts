/** For which names and addresses the node's API speaks. */
import { isInNetwork, parseCidr } from "$lib/codec/mod.ts";
import type { MachineConfig } from "$lib/config/mod.ts";
import { sharedAddressesOf } from "../etcd/shared_addresses.ts";
import type { IdentityInputs, Signer } from "./api_identity.ts";

/** What the kernel calls a machine that nobody has named yet; no certificate can. */
const UNNAMED = "(none)";

/** What the machine is called right now. */
export interface HostNames {
  readonly hostname: string;
  readonly addresses: readonly string[];
}

/** Loopback, and what holds on one link only: pods' links come and go. */
const NEVER_REACHABLE = ["127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10"];

/**
 * The addresses that others reach this machine at: not those that the network of the pods brings, which
 * would have every certificate, and with it the control plane, replaced when the first pod starts.
 */
export function reachable(addresses: readonly string[], inner: readonly string[]): string[] {
  const networks = [...NEVER_REACHABLE, ...inner].map(parseCidr);
  const plain = addresses.map((address) => address.split("%")[0] ?? address);
  return plain.filter((address) => !networks.some((network) => isInNetwork(address, network)));
}

/** What the API certificate is made from; nothing before there is a configuration. */
export function identityInputs(
  config: MachineConfig | undefined,
  host: HostNames,
): IdentityInputs | undefined {
  if (!config) return undefined;
  const { ca, token } = config.machine;
  const signer: Signer = ca?.crt && ca.key
    ? { kind: "self", key: ca.key }
    : { kind: "trustd", token: token ?? "" };
  return { ca: ca?.crt ?? "", signer, names: ownNames(config, host) };
}

/** Names and addresses that the node answers to, its own and those of `machine.certSANs`. */
export function ownNames(config: MachineConfig, host: HostNames): string[] {
  const names = [
    "127.0.0.1",
    "::1",
    "localhost",
    host.hostname,
    ...host.addresses,
    ...sharedAddressesOf(config),
    ...config.machine.certSANs ?? [],
  ];
  return names.filter((name) => name !== "" && name !== UNNAMED);
}
