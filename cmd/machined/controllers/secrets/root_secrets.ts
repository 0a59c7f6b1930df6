import type { MachineConfig } from "$lib/config/mod.ts";
import type { CertificateAndKey, RootEtcdSpec, RootKubernetesSpec } from "$lib/resources/mod.ts";
import { apiServerIps, clusterNetwork } from "../config/cluster_network.ts";

/** The root of etcd's certificates. @throws {Error} when the configuration does not bring it. */
export function rootEtcd({ cluster }: MachineConfig): RootEtcdSpec {
  return { etcdCA: authority(cluster.etcd?.ca, "cluster.etcdCA") };
}

/** The root of Kubernetes' secrets. @throws {Error} when the configuration lacks a part of it. */
export function rootKubernetes(config: MachineConfig): RootKubernetesSpec {
  const { cluster } = config;
  const network = clusterNetwork(config);
  const [bootstrapTokenID = "", bootstrapTokenSecret = ""] = cluster.token?.split(".") ?? [];
  const aggregatorCA = authority(cluster.aggregatorCA, "cluster.aggregatorCA");
  const ca = authority(cluster.ca, "cluster.CA");
  if (!cluster.serviceAccount?.key) throw missing("cluster.serviceAccount");
  return {
    name: cluster.clusterName ?? "",
    endpoint: cluster.controlPlane.endpoint,
    certSANs: cluster.apiServer?.certSANs ?? [],
    apiServerIPs: apiServerIps(network),
    dnsDomain: network.dnsDomain,
    ca,
    serviceAccount: { key: cluster.serviceAccount.key },
    aggregatorCA,
    aesCBCEncryptionSecret: cluster.aescbcEncryptionSecret,
    bootstrapTokenID,
    bootstrapTokenSecret,
  };
}

/** A CA that certificates can be signed with. */
function authority(
  pair: { readonly crt: string; readonly key: string } | undefined,
  name: string,
): CertificateAndKey {
  if (!pair || pair.crt === "" || pair.key === "") throw missing(name);
  return { crt: pair.crt, key: pair.key };
}

function missing(name: string): Error {
  return new Error(`missing ${name} secret`);
}
