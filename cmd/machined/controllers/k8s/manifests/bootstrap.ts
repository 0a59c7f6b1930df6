import type { ManifestSpec, RootKubernetesSpec } from "$lib/resources/mod.ts";

const BOOTSTRAPPERS = "system:bootstrappers:nodes";

/** The token by which a kubelet asks for its first certificate. */
export function bootstrapToken(
  { bootstrapTokenID, bootstrapTokenSecret }: RootKubernetesSpec,
): ManifestSpec {
  return [{
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `bootstrap-token-${bootstrapTokenID}`, namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    data: {
      "token-id": base64(bootstrapTokenID),
      "token-secret": base64(bootstrapTokenSecret),
      "usage-bootstrap-authentication": base64("true"),
      "auth-extra-groups": base64(BOOTSTRAPPERS),
    },
  }];
}

/** Kubelets that hold the token may ask for a certificate. */
export function nodeBootstrap(): ManifestSpec {
  return [groupBinding({
    name: "system-bootstrap-node-bootstrapper",
    group: BOOTSTRAPPERS,
    role: "system:node-bootstrapper",
  })];
}

/** What such kubelets ask for is approved. */
export function approver(): ManifestSpec {
  return [groupBinding({
    name: "system-bootstrap-approve-node-client-csr",
    group: BOOTSTRAPPERS,
    role: "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
  })];
}

/** Nodes may renew their own certificates. */
export function renewal(): ManifestSpec {
  return [groupBinding({
    name: "system-bootstrap-node-renewal",
    group: "system:nodes",
    role: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
  })];
}

/** Pods of kube-system that name no account of their own administrate the cluster. */
export function systemAccount(): ManifestSpec {
  return [{
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "system:default-sa" },
    subjects: [{ kind: "ServiceAccount", name: "default", namespace: "kube-system" }],
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
  }];
}

function groupBinding({ name, group, role }: { name: string; group: string; role: string }) {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group }],
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
  };
}

function base64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}
