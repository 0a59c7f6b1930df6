import { hoursMs, NO_SANS, sans } from "$lib/pki/mod.ts";
import type { KubernetesSecretsSpec, RootKubernetesSpec } from "$lib/resources/mod.ts";
import { adminOf, encodeKubeconfig } from "./kubeconfig.ts";
import { keepLeaf, type LeafDemand } from "./leaf.ts";

const LIFETIME_MS = hoursMs(24 * 365);

/** The certificates of a control plane, by what they are for. */
export interface KubernetesDemands {
  readonly apiServer: LeafDemand;
  readonly apiServerKubeletClient: LeafDemand;
  readonly frontProxy: LeafDemand;
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
    admin: { ...client, ca: root.ca, subject: { commonName: "admin", organization: masters } },
  };
}

function apiServerNames({ endpoint, certSANs, apiServerIPs, dnsDomain }: RootKubernetesSpec) {
  const service = ["kubernetes", "default", "svc", dnsDomain];
  return [
    new URL(endpoint).hostname,
    ...certSANs,
    ...apiServerIPs,
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
  const apiServer = await keepLeaf(present?.apiServer, demands.apiServer, now);
  const kubelet = await keepLeaf(
    present?.apiServerKubeletClient,
    demands.apiServerKubeletClient,
    now,
  );
  const frontProxy = await keepLeaf(present?.frontProxy, demands.frontProxy, now);
  const admin = await keepLeaf(present && adminOf(present.adminKubeconfig), demands.admin, now);
  const { name: cluster, endpoint: server, ca } = root;
  return {
    spec: {
      apiServer: apiServer.leaf,
      apiServerKubeletClient: kubelet.leaf,
      frontProxy: frontProxy.leaf,
      adminKubeconfig: encodeKubeconfig({ cluster, server, ca: ca.crt, admin: admin.leaf }),
    },
    renewAtMs: Math.min(...[apiServer, kubelet, frontProxy, admin].map((kept) => kept.renewAtMs)),
  };
}
