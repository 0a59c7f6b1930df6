import type {
  ManifestSpec,
  RootKubernetesSpec,
  SystemManifestsConfig,
} from "$lib/resources/mod.ts";
import { approver, bootstrapToken, nodeBootstrap, renewal, systemAccount } from "./bootstrap.ts";
import { coreDns, coreDnsService } from "./core_dns.ts";
import { flannel } from "./flannel.ts";
import { kubeconfigInCluster, kubeProxy } from "./kube_proxy.ts";

/** The manifests that every cluster starts with, by id; they are applied in the order of their ids. */
export function systemManifests(
  config: SystemManifestsConfig,
  root: RootKubernetesSpec,
): Readonly<Record<string, ManifestSpec>> {
  const { dnsServiceIP, dnsServiceIPv6 } = config;
  return {
    "00-kubelet-bootstrapping-token": bootstrapToken(root),
    "01-csr-approver-role-binding": approver(),
    "01-csr-node-bootstrap": nodeBootstrap(),
    "01-csr-renewal-role-binding": renewal(),
    "02-kube-system-sa-role-binding": systemAccount(),
    ...(config.flannelEnabled ? { "05-flannel": flannel(config) } : {}),
    ...(config.proxyEnabled ? { "10-kube-proxy": kubeProxy(config) } : {}),
    "11-core-dns": coreDns(config),
    ...(dnsServiceIP
      ? { "11-core-dns-svc": coreDnsService({ name: "kube-dns", ip: dnsServiceIP }) }
      : {}),
    ...(dnsServiceIPv6
      ? { "11-core-dns-v6-svc": coreDnsService({ name: "kube-dns-v6", ip: dnsServiceIPv6 }) }
      : {}),
    "11-kube-config-in-cluster": kubeconfigInCluster(config),
  };
}
