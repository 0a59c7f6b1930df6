import type { KubernetesObject, ManifestSpec, SystemManifestsConfig } from "$lib/resources/mod.ts";
import { accountBinding, clusterRole, serviceAccount } from "./rbac.ts";

const LABELS = { "k8s-app": "flannel", tier: "node" };
const NAMESPACE = "kube-system";

/** What the CNI plugin of each node hands its pods to; the plugins are in the image of the node. */
function cniConfig(): string {
  return JSON.stringify(
    {
      name: "cbr0",
      cniVersion: "0.3.1",
      plugins: [
        { type: "flannel", delegate: { hairpinMode: true, isDefaultGateway: true } },
        { type: "portmap", capabilities: { portMappings: true } },
      ],
    },
    null,
    2,
  );
}

/** How flannel connects the nodes. */
function networkConfig(podCidrs: string): string {
  const subnets = podCidrs.split(",");
  const ipv4 = subnets.find((subnet) => !subnet.includes(":"));
  const ipv6 = subnets.find((subnet) => subnet.includes(":"));
  return JSON.stringify(
    {
      ...(ipv4 ? { Network: ipv4 } : { EnableIPv4: false }),
      ...(ipv6 ? { EnableIPv6: true, IPv6Network: ipv6 } : {}),
      EnableNFTables: true,
      Backend: { Type: "vxlan", Port: 4789 },
    },
    null,
    2,
  );
}

/** The pod network: flannel over VXLAN. */
export function flannel(config: SystemManifestsConfig): ManifestSpec {
  return [
    clusterRole("flannel", [
      { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
      { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
      { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
    ]),
    accountBinding({ name: "flannel", role: "flannel", account: "flannel" }),
    serviceAccount("flannel"),
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "kube-flannel-cfg", namespace: NAMESPACE, labels: LABELS },
      data: { "cni-conf.json": cniConfig(), "net-conf.json": networkConfig(config.podCIDRs) },
    },
    daemonSet(config),
  ];
}

function daemonSet(config: SystemManifestsConfig): KubernetesObject {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "kube-flannel", namespace: NAMESPACE, labels: LABELS },
    spec: {
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: podSpec(config) },
    },
  };
}

function podSpec({ flannelImage, flannelCNIImage, server }: SystemManifestsConfig) {
  const config = { name: "flannel-cfg", mountPath: "/etc/kube-flannel/" };
  return {
    hostNetwork: true,
    priorityClassName: "system-node-critical",
    serviceAccountName: "flannel",
    tolerations: [{ operator: "Exists" }],
    initContainers: [
      {
        name: "install-cni-plugin",
        image: flannelCNIImage,
        command: ["cp"],
        args: ["-f", "/flannel", "/opt/cni/bin/flannel"],
        volumeMounts: [{ name: "cni-plugin", mountPath: "/opt/cni/bin" }],
      },
      {
        name: "install-config",
        image: flannelImage,
        command: ["cp"],
        args: ["-f", "/etc/kube-flannel/cni-conf.json", "/etc/cni/net.d/10-flannel.conflist"],
        volumeMounts: [{ name: "cni", mountPath: "/etc/cni/net.d" }, config],
      },
    ],
    containers: [{
      name: "kube-flannel",
      image: flannelImage,
      command: ["/opt/bin/flanneld"],
      args: ["--ip-masq", "--kube-subnet-mgr"],
      env: [
        { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
        ...endpointEnv(server),
      ],
      resources: { requests: { cpu: "100m", memory: "50Mi" } },
      securityContext: {
        privileged: false,
        capabilities: { add: ["NET_ADMIN", "NET_RAW"] },
      },
      volumeMounts: [{ name: "run", mountPath: "/run/flannel" }, config],
    }],
    volumes: [
      { name: "run", hostPath: { path: "/run/flannel", type: "DirectoryOrCreate" } },
      { name: "cni-plugin", hostPath: { path: "/opt/cni/bin", type: "DirectoryOrCreate" } },
      { name: "cni", hostPath: { path: "/etc/cni/net.d", type: "DirectoryOrCreate" } },
      { name: "flannel-cfg", configMap: { name: "kube-flannel-cfg" } },
    ],
  };
}

/** flannel comes up before kube-proxy, so the address of the service `kubernetes` leads nowhere yet. */
function endpointEnv(server: string) {
  const { hostname, port } = new URL(server);
  return [
    { name: "KUBERNETES_SERVICE_HOST", value: hostname.replace(/^\[|\]$/g, "") },
    { name: "KUBERNETES_SERVICE_PORT", value: port === "" ? "443" : port },
  ];
}
