/** The kubelet of a node: its files, command line and container, decided from the configuration. */
import type { ContainerMount, ContainerSpec } from "$lib/containerd/mod.ts";
import { IMAGES, type MachineConfig } from "$lib/config/mod.ts";
import { CONTAINERD_SOCKETS } from "$lib/paths/mod.ts";
import { stringify } from "yaml";
import { KUBELET_KUBECONFIG, STATIC_PODS_DIR } from "../controllers/mod.ts";
import { type Joining, joiningOf } from "./joining.ts";
import { clusterNetwork, dnsServiceIps } from "../controllers/config/cluster_network.ts";

/** A file that the kubelet reads. */
export interface KubeletFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

/** All that makes a kubelet; when any of it changes, the kubelet starts anew. */
export interface KubeletPlan {
  readonly image: string;
  readonly files: readonly KubeletFile[];
  readonly spec: ContainerSpec;
  /** Directories that are made where they are missing. */
  readonly directories: readonly string[];
}

/** Where the kubelet's files lie. */
const PATHS = {
  bootstrap: "/etc/kubernetes/bootstrap-kubeconfig",
  kubeconfig: KUBELET_KUBECONFIG,
  config: "/etc/kubernetes/kubelet.yaml",
  ca: "/etc/kubernetes/pki/ca.crt",
  manifests: STATIC_PODS_DIR,
  certificates: "/var/lib/kubelet/pki",
} as const;

/** The certificate by which the API server knows this kubelet; there once the cluster let it in. */
export const KUBELET_CERTIFICATE = `${PATHS.certificates}/kubelet-client-current.pem`;

/** The kubelet that `config` asks for on the host of this name. */
export function kubeletPlan(config: MachineConfig, hostname: string): KubeletPlan {
  const { kubelet } = config.machine;
  const extraMounts = (kubelet?.extraMounts ?? []).map(
    ({ destination, source, type, options }): ContainerMount => ({
      destination,
      source,
      ...(type === "" ? {} : { type }),
      ...(options.length === 0 ? {} : { options }),
    }),
  );
  return {
    image: kubelet?.image ?? IMAGES.kubelet,
    files: files(config),
    directories: [
      PATHS.manifests,
      ...extraMounts.filter(({ type = "bind" }) => type === "bind").map(({ source }) => source),
    ],
    spec: {
      args: [
        "kubelet",
        ...flags({
          "config": PATHS.config,
          "bootstrap-kubeconfig": PATHS.bootstrap,
          "kubeconfig": PATHS.kubeconfig,
          "cert-dir": PATHS.certificates,
          "hostname-override": nodeName(config, hostname),
          ...kubelet?.extraArgs,
        }),
      ],
      mounts: [...HOST_MOUNTS, ...extraMounts],
      capabilities: "all",
      privileged: true,
      writableRoot: true,
      rootPropagation: "rshared",
      cgroup: "/podruntime/kubelet",
      oomScoreAdj: -950,
    },
  };
}

/** The name a node has in Kubernetes: its hostname, without the domain unless that is asked for. */
export function nodeName(config: MachineConfig, hostname: string): string {
  const name = hostname.toLowerCase();
  return config.machine.kubelet?.registerWithFQDN ? name : name.replace(/\..*$/, "");
}

function flags(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name.replace(/^--?/, "")}=${value}`);
}

/** What the kubelet sees of the host. What it mounts in the shared ones, the host and pods see too. */
const HOST_MOUNTS: readonly ContainerMount[] = [
  shared("/dev"),
  readOnly("/sys"),
  shared("/sys/fs/cgroup"),
  readOnly("/lib/modules"),
  ...[
    "/etc/os-release",
    "/etc/machine-id",
    "/etc/passwd",
    "/etc/group",
    "/etc/resolv.conf",
    "/etc/hosts",
  ].map(readOnly),
  ...["/etc/kubernetes", "/etc/cni", "/usr/libexec/kubernetes", "/run"].map((path) => shared(path)),
  shared("/run", "/var/run"),
  ...["/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods", "/var/log/containers"]
    .map((path) => shared(path)),
];

function shared(source: string, destination = source): ContainerMount {
  return { source, destination, options: ["rbind", "rshared", "rw"] };
}

function readOnly(path: string): ContainerMount {
  return { source: path, destination: path, options: ["rbind", "ro"] };
}

function files(config: MachineConfig): KubeletFile[] {
  const joining = joiningOf(config);
  return [
    { path: PATHS.ca, mode: 0o500, text: joining.ca },
    { path: PATHS.bootstrap, mode: 0o600, text: bootstrapKubeconfig(joining) },
    { path: PATHS.config, mode: 0o600, text: kubeletConfiguration(config) },
  ];
}

/** The kubeconfig by which a kubelet that has no certificate asks for one. */
function bootstrapKubeconfig({ endpoint, ca, token }: Joining): string {
  const data = new TextEncoder().encode(ca).toBase64();
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{
      name: "local",
      cluster: { server: endpoint, "certificate-authority-data": data },
    }],
    users: [{ name: "kubelet", user: { token } }],
    contexts: [{ name: "local", context: { cluster: "local", user: "kubelet" } }],
    "current-context": "local",
  }, { lineWidth: 0 });
}

function kubeletConfiguration(config: MachineConfig): string {
  const network = clusterNetwork(config);
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    staticPodPath: PATHS.manifests,
    port: 10250,
    tlsMinVersion: "VersionTLS13",
    rotateCertificates: true,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: PATHS.ca },
    },
    authorization: { mode: "Webhook" },
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKETS.cri}`,
    clusterDomain: network.dnsDomain,
    clusterDNS: dnsServiceIps(network),
    resolvConf: "/etc/resolv.conf",
    serializeImagePulls: false,
    maxParallelImagePulls: 5,
    failSwapOn: false,
    protectKernelDefaults: true,
    seccompDefault: true,
    cgroupDriver: "cgroupfs",
    cgroupRoot: "/",
    systemCgroups: "/system",
    kubeletCgroups: "/podruntime/kubelet",
    logging: { format: "json" },
  });
}
