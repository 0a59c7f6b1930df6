import { isIP } from "node:net";
import { ETCD_CLIENT_PORT, ETCD_PEER_PORT } from "../controllers/k8s/access.ts";
import { ETCD_DATA_DIR, ETCD_PKI_DIR } from "./places.ts";

/** How a member comes into its cluster. */
export interface MemberPlan {
  /** `new` founds a cluster; a member that has data, or was added by others, is `existing`. */
  readonly state: "new" | "existing";
  /** Members and their URLs, `name=url`, this one among them. */
  readonly initialCluster: readonly string[];
}

/** What a member is called, and where the others reach it. */
export interface MemberIdentity {
  readonly name: string;
  readonly address: string;
}

/** Flags that are ours: with others the node could not speak to its own etcd. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "name",
  "data-dir",
  "listen-peer-urls",
  "listen-client-urls",
  "cert-file",
  "key-file",
  "trusted-ca-file",
  "peer-client-cert-auth",
  "peer-cert-file",
  "peer-trusted-ca-file",
  "peer-key-file",
]);

/** The URL by which other members reach this one. */
export function peerUrl(address: string): string {
  return `https://${hostOf(address)}:${ETCD_PEER_PORT}`;
}

/** The URL by which clients reach a member. */
export function clientUrl(address: string): string {
  return `https://${hostOf(address)}:${ETCD_CLIENT_PORT}`;
}

/**
 * The command line of etcd.
 *
 * @throws {RangeError} that names a flag of the configuration that is not allowed
 */
export function etcdArguments(
  { name, address }: MemberIdentity,
  { state, initialCluster }: MemberPlan,
  extraArgs: Readonly<Record<string, string>>,
): string[] {
  const denied = Object.keys(extraArgs).find((flag) => FORBIDDEN.has(flag));
  if (denied !== undefined) {
    throw new RangeError(
      `Cannot start etcd: extra arg "${denied}" of cluster.etcd.extraArgs is not allowed`,
    );
  }
  const all = isIP(address) === 6 ? "[::]" : "0.0.0.0";
  const flags: Record<string, string> = {
    "name": name,
    "data-dir": ETCD_DATA_DIR,
    "listen-peer-urls": `https://${all}:${ETCD_PEER_PORT}`,
    "listen-client-urls": `https://${all}:${ETCD_CLIENT_PORT}`,
    "initial-advertise-peer-urls": peerUrl(address),
    "advertise-client-urls": clientUrl(address),
    "initial-cluster-state": state,
    "initial-cluster": initialCluster.join(","),
    ...certificateFlags(""),
    ...certificateFlags("peer-"),
    ...extraArgs,
  };
  return [
    "/usr/local/bin/etcd",
    ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
  ];
}

function certificateFlags(prefix: "" | "peer-"): Record<string, string> {
  return {
    [`${prefix}client-cert-auth`]: "true",
    [`${prefix}cert-file`]: `${ETCD_PKI_DIR}/peer.crt`,
    [`${prefix}key-file`]: `${ETCD_PKI_DIR}/peer.key`,
    [`${prefix}trusted-ca-file`]: `${ETCD_PKI_DIR}/ca.crt`,
  };
}

/** What this machine's member is. @throws {Error} while it has no address for others */
export function memberIdentity(
  { hostname, addresses }: { readonly hostname: string; readonly addresses: readonly string[] },
): MemberIdentity {
  const address = primaryAddress(addresses);
  if (address === undefined) {
    throw new Error("Cannot start etcd: this machine has no address that others can reach");
  }
  return { name: hostname, address };
}

/** The address that a member tells others: the first that is not local to a link, IPv4 before IPv6. */
export function primaryAddress(addresses: readonly string[]): string | undefined {
  const global = addresses.filter((address) => !/^(fe80:|169\.254\.)/i.test(address));
  return global.find((address) => isIP(address) === 4) ?? global.find((it) => isIP(it) === 6);
}

function hostOf(address: string): string {
  return isIP(address) === 6 ? `[${address}]` : address;
}
