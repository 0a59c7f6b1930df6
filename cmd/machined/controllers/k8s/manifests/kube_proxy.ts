import { stringify } from "yaml";
import type { ManifestSpec, SystemManifestsConfig } from "$lib/resources/mod.ts";
import { commandLine, mergeFlags } from "../pods/arguments.ts";
import { accountBinding, serviceAccount } from "./rbac.ts";

const LABELS = { tier: "node", "k8s-app": "kube-proxy" };
const KUBECONFIG = "/etc/kubernetes";

/** kube-proxy on every node. */
export function kubeProxy(config: SystemManifestsConfig): ManifestSpec {
  const flags = mergeFlags({
    "cluster-cidr": config.podCIDRs,
    // The limits of the kernel stay as they are: they are not a pod's to set.
    "conntrack-max-per-core": "0",
    // It speaks plain HTTP, so it speaks to this machine only.
    "healthz-bind-address": "127.0.0.1:10256",
    "hostname-override": "$(NODE_NAME)",
    "kubeconfig": `${KUBECONFIG}/kubeconfig`,
    "proxy-mode": config.proxyMode,
  }, config.proxyExtraArgs);
  return [
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "kube-proxy", namespace: "kube-system", labels: LABELS },
      spec: {
        selector: { matchLabels: LABELS },
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
        template: {
          metadata: { labels: LABELS },
          spec: {
            hostNetwork: true,
            priorityClassName: "system-cluster-critical",
            serviceAccountName: "kube-proxy",
            tolerations: [{ operator: "Exists" }],
            containers: [{
              name: "kube-proxy",
              image: config.proxyImage,
              command: commandLine("/usr/local/bin/kube-proxy", flags),
              env: [{
                name: "NODE_NAME",
                valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } },
              }],
              securityContext: { privileged: true },
              volumeMounts: [
                { name: "lib-modules", mountPath: "/lib/modules", readOnly: true },
                { name: "kubeconfig", mountPath: KUBECONFIG, readOnly: true },
              ],
            }],
            volumes: [
              { name: "lib-modules", hostPath: { path: "/lib/modules" } },
              { name: "kubeconfig", configMap: { name: "kubeconfig-in-cluster" } },
            ],
          },
        },
      },
    },
    serviceAccount("kube-proxy"),
    accountBinding({
      name: "kube-proxy",
      role: "system:node-proxier",
      account: "kube-proxy",
    }),
  ];
}

/** A kubeconfig for pods that have to reach the API before kube-proxy makes its service work. */
export function kubeconfigInCluster({ server }: SystemManifestsConfig): ManifestSpec {
  const account = "/var/run/secrets/kubernetes.io/serviceaccount";
  return [{
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "kubeconfig-in-cluster", namespace: "kube-system" },
    data: {
      kubeconfig: stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{
          name: "local",
          cluster: { server, "certificate-authority": `${account}/ca.crt` },
        }],
        users: [{ name: "service-account", user: { tokenFile: `${account}/token` } }],
        contexts: [{ name: "local", context: { cluster: "local", user: "service-account" } }],
        "current-context": "local",
      }),
    },
  }];
}
