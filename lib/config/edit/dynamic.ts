import type { MachineConfig } from "../schema/document.ts";

/** What a platform knows of a machine that its configuration does not say. */
export interface PlatformFacts {
  readonly hostname?: string;
  readonly externalIps?: readonly string[];
}

/**
 * The configuration with what the platform knows: the hostname where none is given, and the external
 * and shared addresses in the certificates of both APIs.
 */
export function withPlatformFacts(config: MachineConfig, facts: PlatformFacts): MachineConfig {
  const { machine, cluster } = config;
  const vips = (machine.network?.interfaces ?? []).flatMap(({ vip }) => (vip?.ip ? [vip.ip] : []));
  const addresses = [...(facts.externalIps ?? []), ...vips];
  const hostname = machine.network?.hostname || facts.hostname;
  return {
    ...config,
    machine: {
      ...machine,
      certSANs: union(machine.certSANs, addresses),
      ...(hostname ? { network: { ...machine.network, hostname } } : {}),
    },
    cluster: {
      ...cluster,
      ...(addresses.length > 0
        ? {
          apiServer: {
            ...cluster.apiServer,
            certSANs: union(cluster.apiServer?.certSANs ?? [], addresses),
          },
        }
        : {}),
    },
  };
}

function union(given: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...given, ...more])];
}
