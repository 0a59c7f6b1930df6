import type { KubernetesObject, ManifestSpec, SystemManifestsConfig } from "$lib/resources/mod.ts";
import { accountBinding, clusterRole, serviceAccount } from "./rbac.ts";

const NAMESPACE = "kube-system";
const LABELS = { "k8s-app": "kube-dns" };

function corefile(clusterDomain: string): string {
  return `.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    log . {
        class error
    }
    prometheus :9153

    kubernetes ${clusterDomain} in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
`;
}

/** The cluster's name service. */
export function coreDns(config: SystemManifestsConfig): ManifestSpec {
  return [
    serviceAccount("coredns"),
    clusterRole("system:coredns", [
      {
        apiGroups: [""],
        resources: ["endpoints", "services", "pods", "namespaces"],
        verbs: ["list", "watch"],
      },
      {
        apiGroups: ["discovery.k8s.io"],
        resources: ["endpointslices"],
        verbs: ["list", "watch"],
      },
    ]),
    accountBinding({ name: "system:coredns", role: "system:coredns", account: "coredns" }),
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "coredns", namespace: NAMESPACE },
      data: { Corefile: corefile(config.clusterDomain) },
    },
    deployment(config),
  ];
}

/** The service of the name service, at the address that every pod is told. */
export function coreDnsService(
  { name, ip }: { readonly name: string; readonly ip: string },
): ManifestSpec {
  return [{
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name,
      namespace: NAMESPACE,
      annotations: { "prometheus.io/port": "9153", "prometheus.io/scrape": "true" },
      labels: {
        ...LABELS,
        "kubernetes.io/cluster-service": "true",
        "kubernetes.io/name": "CoreDNS",
      },
    },
    spec: {
      selector: LABELS,
      clusterIP: ip,
      clusterIPs: [ip],
      ipFamilies: [ip.includes(":") ? "IPv6" : "IPv4"],
      ipFamilyPolicy: "SingleStack",
      ports: [
        { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
        { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
        { name: "metrics", port: 9153, protocol: "TCP", targetPort: 9153 },
      ],
    },
  }];
}

function deployment({ coreDNSImage }: SystemManifestsConfig): KubernetesObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "coredns",
      namespace: NAMESPACE,
      labels: { ...LABELS, "kubernetes.io/name": "CoreDNS" },
    },
    spec: {
      replicas: 2,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: podSpec(coreDNSImage) },
    },
  };
}

function podSpec(image: string) {
  const controlPlanes = ["master", "control-plane"].map((role) => ({
    key: `node-role.kubernetes.io/${role}`,
    operator: "Exists",
    effect: "NoSchedule",
  }));
  return {
    priorityClassName: "system-cluster-critical",
    serviceAccountName: "coredns",
    tolerations: controlPlanes,
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{
          weight: 100,
          podAffinityTerm: {
            labelSelector: {
              matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns"] }],
            },
            topologyKey: "kubernetes.io/hostname",
          },
        }],
      },
    },
    dnsPolicy: "Default",
    containers: [{
      name: "coredns",
      image,
      args: ["-conf", "/etc/coredns/Corefile"],
      resources: { limits: { memory: "170Mi" }, requests: { cpu: "100m", memory: "70Mi" } },
      ports: [
        { name: "dns", containerPort: 53, protocol: "UDP" },
        { name: "dns-tcp", containerPort: 53, protocol: "TCP" },
        { name: "metrics", containerPort: 9153, protocol: "TCP" },
      ],
      livenessProbe: {
        httpGet: { path: "/health", port: 8080, scheme: "HTTP" },
        initialDelaySeconds: 60,
        timeoutSeconds: 5,
        successThreshold: 1,
        failureThreshold: 5,
      },
      readinessProbe: {
        httpGet: { path: "/ready", port: 8181, scheme: "HTTP" },
        periodSeconds: 2,
        timeoutSeconds: 5,
      },
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
        readOnlyRootFilesystem: true,
      },
      volumeMounts: [{ name: "config-volume", mountPath: "/etc/coredns", readOnly: true }],
    }],
    volumes: [{
      name: "config-volume",
      configMap: { name: "coredns", items: [{ key: "Corefile", path: "Corefile" }] },
    }],
  };
}
