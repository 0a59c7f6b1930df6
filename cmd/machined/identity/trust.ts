/** What trustd of a control plane is told, and where a node finds one. */
import type { MachineConfig } from "$lib/config/mod.ts";
import { TRUSTD_PORT } from "$lib/paths/mod.ts";
import type { TrustdAddress } from "./ask_trustd.ts";
import { type HostNames, ownNames } from "./names.ts";

/** The authorities that ReadFile of trustd gives, by their path on a node. */
export const SHARED_AUTHORITIES = {
  machine: "/system/secrets/ca.crt",
  kubernetes: "/etc/kubernetes/pki/ca.crt",
  etcd: "/etc/kubernetes/pki/etcd/ca.crt",
} as const;

/** What trustd gets as a line on its stdin. */
export interface TrustSettings {
  readonly ca: { readonly crt: string; readonly key: string };
  /** By which workers that know the cluster's CA alone take this control plane for one of theirs. */
  readonly voucher: string;
  readonly token: string;
  readonly names: readonly string[];
  readonly reserved: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly lifetimeMs: number;
}

/** The settings of trustd; nothing on a machine that has no key of the machine CA, or no token. */
export function trustSettings(
  config: MachineConfig | undefined,
  { host, voucher, controlPlanes, lifetimeMs }: {
    readonly host: HostNames;
    readonly voucher: string;
    /** Addresses of all control planes, as far as they are known. */
    readonly controlPlanes: readonly string[];
    readonly lifetimeMs: number;
  },
): TrustSettings | undefined {
  if (!config?.machine.ca?.crt || !config.machine.ca.key || !config.machine.token) return undefined;
  const { machine, cluster } = config;
  const names = ownNames(config, host);
  const authorities = [
    [SHARED_AUTHORITIES.machine, config.machine.ca.crt],
    [SHARED_AUTHORITIES.kubernetes, cluster.ca?.crt],
    [SHARED_AUTHORITIES.etcd, cluster.etcd?.ca?.crt],
  ];
  const { hostname } = new URL(cluster.controlPlane.endpoint);
  return {
    ca: { crt: config.machine.ca.crt, key: config.machine.ca.key },
    voucher,
    token: config.machine.token,
    names,
    reserved: [...new Set([...names, ...machine.certSANs ?? [], bare(hostname), ...controlPlanes])],
    files: Object.fromEntries(authorities.filter(([, crt]) => crt)),
    lifetimeMs,
  };
}

/** Where trustd is looked for: at the control planes that Kubernetes knows, and at their endpoint. */
export function trustdEndpoints(
  config: MachineConfig | undefined,
  controlPlanes: readonly string[],
): TrustdAddress[] {
  const endpoint = config && bare(new URL(config.cluster.controlPlane.endpoint).hostname);
  const hosts = [...controlPlanes, ...endpoint === undefined ? [] : [endpoint]];
  return [...new Set(hosts)].map((host) => ({ host, port: TRUSTD_PORT }));
}

/** A host without the brackets of IPv6. */
function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}
