import { IMAGE_PREFIX, VERSION } from "$lib/version/mod.ts";

/** The Kubernetes that runs where a configuration names no version. */
export const KUBERNETES_VERSION = "1.35.4";
/** The minor releases of Kubernetes that this release can run. */
export const SUPPORTED_KUBERNETES: readonly string[] = ["1.35"];
/** The etcd that runs where a configuration names none. */
export const ETCD_VERSION = "3.6.5";
/** The CoreDNS that runs where a configuration names none. */
export const COREDNS_VERSION = "1.14.5";

/** The flannel that runs where a configuration asks for no other network. */
export const FLANNEL_VERSION = "0.28.4";
/** The CNI plugin that flannel's manifest installs. */
export const FLANNEL_CNI_VERSION = "1.9.0-flannel1";
/** The pause that holds each pod's namespaces. */
export const PAUSE_VERSION = "3.10.1";

/** The images of one Kubernetes version, by component. */
export function kubernetesImages(version: string): {
  readonly kubelet: string;
  readonly apiServer: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly proxy: string;
} {
  const tag = `v${version.replace(/^v/, "")}`;
  return {
    kubelet: `${IMAGE_PREFIX}/kubelet:${tag}`,
    apiServer: `registry.k8s.io/kube-apiserver:${tag}`,
    controllerManager: `registry.k8s.io/kube-controller-manager:${tag}`,
    scheduler: `registry.k8s.io/kube-scheduler:${tag}`,
    proxy: `registry.k8s.io/kube-proxy:${tag}`,
  };
}

/** The images that are used where a configuration names none. */
export const IMAGES = {
  ...kubernetesImages(KUBERNETES_VERSION),
  installer: `${IMAGE_PREFIX}/installer:${VERSION}`,
  etcd: `registry.k8s.io/etcd:${ETCD_VERSION}-0`,
  coreDns: `registry.k8s.io/coredns/coredns:v${COREDNS_VERSION}`,
  flannel: `ghcr.io/flannel-io/flannel:v${FLANNEL_VERSION}`,
  flannelCni: `ghcr.io/flannel-io/flannel-cni-plugin:v${FLANNEL_CNI_VERSION}`,
  pause: `registry.k8s.io/pause:${PAUSE_VERSION}`,
} as const;

/** Every image that a cluster of this Kubernetes version pulls, in the order `talosctl images` lists. */
export function imageList(kubernetesVersion: string = KUBERNETES_VERSION): string[] {
  const { kubelet, apiServer, controllerManager, scheduler, proxy } = kubernetesImages(
    kubernetesVersion,
  );
  return [
    ...[IMAGES.flannel, IMAGES.flannelCni, IMAGES.coreDns, IMAGES.etcd],
    ...[apiServer, controllerManager, scheduler, proxy, kubelet],
    ...[IMAGES.installer, IMAGES.pause],
  ];
}
