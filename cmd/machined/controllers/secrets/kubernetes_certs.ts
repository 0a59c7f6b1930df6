import { hoursMs, NO_SANS, type PemPair, sans } from "$lib/pki/mod.ts";
import type { KubernetesSecretsSpec, RootKubernetesSpec } from "$lib/resources/mod.ts";
import { administrator, encodeKubeconfig } from "./kubeconfig.ts";
import { keepLeaf, type LeafDemand } from "./leaf.ts";

const LIFETIME_MS = hoursMs(24 * 365);

/** The certificates of a control plane, by what they are for. */
export interface KubernetesDemands {
  readonly apiServer: LeafDemand;
  readonly apiServerKubeletClient: LeafDemand;
  readonly frontProxy: LeafDemand;
  readonly controllerManager: LeafDemand;
  readonly scheduler: LeafDemand;
  readonly admin: LeafDemand;
}

/** What the certificates of a control plane have to be. */
export function kubernetesDemands(root: RootKubernetesSpec): KubernetesDemands {
  const client = {
    sans: NO_SANS,
    usages: ["clientAuth"],
    lifetimeMs: LIFETIME_MS,
  } as const;
  const masters = ["system:masters"];
  // The names that Kubernetes' own roles are bound to.
  const component = (name: string): LeafDemand => ({
    ...client,
    ca: root.ca,
    subject: { commonName: `system:${name}` },
  });
  return {
    apiServer: {
      ca: root.ca,
      subject: { commonName: "kube-apiserver", organization: ["kube-master"] },
      sans: sans(apiServerNames(root)),
      usages: ["serverAuth"],
      lifetimeMs: LIFETIME_MS,
    },
    apiServerKubeletClient: {
      ...client,
      ca: root.ca,
      subject: { commonName: "apiserver-kubelet-client", organization: masters },
    },
    frontProxy: {
      ...client,
      ca: root.aggregatorCA,
      subject: { commonName: "front-proxy-client" },
    },
    controllerManager: component("kube-controller-manager"),
    scheduler: component("kube-scheduler"),
    admin: { ...client, ca: root.ca, subject: { commonName: "admin", organization: masters } },
  };
}

function apiServerNames({ endpoint, certSANs, apiServerIPs, dnsDomain }: RootKubernetesSpec) {
  const service = ["kubernetes", "default", "svc", dnsDomain];
  return [
    new URL(endpoint).hostname,
    ...certSANs,
    ...apiServerIPs,
    // This machine's own components do not depend on what stands before the endpoint.
    "127.0.0.1",
    "localhost",
    ...service.map((_, index) => service.slice(0, index + 1).join(".")),
  ];
}

/** The secrets of a control plane; of those that are present, each that is still good is kept. */
export async function kubernetesSecrets(
  root: RootKubernetesSpec,
  present: KubernetesSecretsSpec | undefined,
  now: Date,
): Promise<{ readonly spec: KubernetesSecretsSpec; readonly renewAtMs: number }> {
  const demands = kubernetesDemands(root);
  const admin = await keepLeaf(present && administrator(present), demands.admin, now);
  const leaves = [admin];
  const keep = async (name: Exclude<keyof KubernetesDemands, "admin">): Promise<PemPair> => {
    const kept = await keepLeaf(present?.[name], demands[name], now);
    leaves.push(kept);
    return kept.leaf;
  };
  const { name: cluster, endpoint: server, ca } = root;
  return {
    spec: {
      apiServer: await keep("apiServer"),
      apiServerKubeletClient: await keep("apiServerKubeletClient"),
      frontProxy: await keep("frontProxy"),
      controllerManager: await keep("controllerManager"),
      scheduler: await keep("scheduler"),
      adminKubeconfig: encodeKubeconfig({ cluster, server, ca: ca.crt, client: admin.leaf }),
    },
    renewAtMs: Math.min(...leaves.map(({ renewAtMs }) => renewAtMs)),
  };
}
