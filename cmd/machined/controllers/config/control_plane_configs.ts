import { IMAGES, isControlPlane, type MachineConfig } from "$lib/config/mod.ts";
import type {
  ApiServerConfig,
  ControllerManagerConfig,
  ControlPlaneConfigs,
  ExtraManifest,
  ExtraManifestsConfig,
  ExtraVolume,
  SchedulerConfig,
  SystemManifestsConfig,
} from "$lib/resources/mod.ts";
import { clusterNetwork, dnsServiceIps } from "./cluster_network.ts";

const API_PORT = 6443;
/** Manifests of the pod network come before those of the user. */
const CNI_PRIORITY = "05";
const EXTRA_PRIORITY = "99";

/** What the control plane of this machine is made from; nothing on a worker. */
export function controlPlaneConfigs(
  config: MachineConfig,
): ControlPlaneConfigs | Record<never, never> {
  if (!isControlPlane(config)) return {};
  return {
    "kube-apiserver": apiServer(config),
    "kube-controller-manager": controllerManager(config),
    "kube-scheduler": scheduler(config),
    "system-manifests": systemManifests(config),
    "extra-manifests": extraManifests(config),
  };
}

function apiServer(config: MachineConfig): ApiServerConfig {
  const { apiServer, controlPlane } = config.cluster;
  return {
    image: apiServer?.image ?? IMAGES.apiServer,
    cloudProvider: "",
    controlPlaneEndpoint: controlPlane.endpoint,
    etcdServers: ["https://127.0.0.1:2379"],
    localPort: controlPlane.localAPIServerPort ?? API_PORT,
    serviceCIDR: clusterNetwork(config).serviceSubnets.join(","),
    extraArgs: apiServer?.extraArgs ?? {},
    extraVolumes: volumes(apiServer),
  };
}

function controllerManager(config: MachineConfig): ControllerManagerConfig {
  const { controllerManager } = config.cluster;
  const { podSubnets, serviceSubnets } = clusterNetwork(config);
  return {
    image: controllerManager?.image ?? IMAGES.controllerManager,
    cloudProvider: "",
    podCIDR: podSubnets.join(","),
    serviceCIDR: serviceSubnets.join(","),
    extraArgs: controllerManager?.extraArgs ?? {},
    extraVolumes: volumes(controllerManager),
  };
}

function scheduler({ cluster: { scheduler } }: MachineConfig): SchedulerConfig {
  return {
    image: scheduler?.image ?? IMAGES.scheduler,
    extraArgs: scheduler?.extraArgs ?? {},
    extraVolumes: volumes(scheduler),
  };
}

function systemManifests(config: MachineConfig): SystemManifestsConfig {
  const { controlPlane, proxy, coreDNS, network: { cni } = {} } = config.cluster;
  const network = clusterNetwork(config);
  const dnsIps = dnsServiceIps(network);
  return {
    server: controlPlane.endpoint,
    clusterDomain: network.dnsDomain,
    podCIDRs: network.podSubnets.join(","),
    firstPodCIDR: network.podSubnets[0] ?? "",
    proxyEnabled: !(proxy?.disabled ?? false),
    proxyImage: proxy?.image ?? IMAGES.proxy,
    proxyMode: proxy?.mode ?? "nftables",
    proxyExtraArgs: proxy?.extraArgs ?? {},
    coreDNSImage: coreDNS?.image ?? IMAGES.coreDns,
    dnsServiceIP: dnsIps.find((ip) => !ip.includes(":")) ?? "",
    dnsServiceIPv6: dnsIps.find((ip) => ip.includes(":")) ?? "",
    flannelEnabled: (cni?.name ?? "flannel") !== "custom",
    flannelImage: IMAGES.flannel,
    flannelCNIImage: IMAGES.flannelCni,
  };
}

function extraManifests({ cluster }: MachineConfig): ExtraManifestsConfig {
  const { network: { cni } = {}, extraManifests = [], extraManifestHeaders = {} } = cluster;
  const cniUrls = cni?.name === "custom" ? cni.urls ?? [] : [];
  return {
    extraManifests: [
      ...cniUrls.map((url): ExtraManifest => ({ url, priority: CNI_PRIORITY, extraHeaders: {} })),
      ...extraManifests.map((url): ExtraManifest => ({
        url,
        priority: EXTRA_PRIORITY,
        extraHeaders: extraManifestHeaders,
      })),
    ],
  };
}

interface Volume {
  readonly hostPath: string;
  readonly mountPath: string;
  readonly readonly?: boolean;
}

function volumes(component: { readonly extraVolumes?: readonly Volume[] } | undefined) {
  return (component?.extraVolumes ?? []).map(({ hostPath, mountPath, readonly }): ExtraVolume => ({
    name: volumeName(mountPath),
    hostPath,
    mountPath,
    readonly: readonly ?? false,
  }));
}

/** A mount path as the name of a volume: `/etc/my_dir` → `etc-my-dir`. */
export function volumeName(mountPath: string): string {
  return mountPath.replace(/^\/+|\/+$/g, "").replace(/[/_]/g, "-");
}
