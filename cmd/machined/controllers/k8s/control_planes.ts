/** The control planes of the cluster, as Kubernetes knows them. */
import { parse } from "yaml";
import { type KubeCall, KubeClient, TYPES } from "$lib/kube/mod.ts";
import { decodePem, encodePem } from "$lib/pki/mod.ts";
import type { SecureTarget } from "$lib/secure_http/mod.ts";

/** The parts of the Endpoints object that name addresses. */
interface Endpoints {
  readonly subsets?: readonly { readonly addresses?: readonly { readonly ip: string }[] }[];
}

/** How long the endpoint of the control plane may take to answer, milliseconds. */
const ENDPOINT_TIMEOUT_MS = 10_000;

/** The kubeconfig that the kubelet makes once it has a certificate. */
export const KUBELET_KUBECONFIG = "/etc/kubernetes/kubeconfig-kubelet";

/** The addresses of the API servers: Kubernetes lists them as the endpoints of its own service. */
export async function apiServerAddresses(kube: KubeClient, call: KubeCall): Promise<string[]> {
  const place = { namespace: "default", name: "kubernetes" };
  const options = { timeoutMs: ENDPOINT_TIMEOUT_MS, ...call };
  const endpoints = await kube.find<Endpoints>(TYPES.endpoints, place, options);
  return (endpoints?.subsets ?? []).flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip));
}

/** Whom the kubelet of this node calls, and as whom; undefined before it has a certificate. */
export async function kubeletTarget(
  read: (path: string) => Promise<string>,
): Promise<SecureTarget | undefined> {
  try {
    const { cluster, user } = partsOf(parse(await read(KUBELET_KUBECONFIG)));
    const pem = await read(user["client-certificate"] ?? "");
    const ca = cluster["certificate-authority-data"];
    return {
      url: cluster["server"] ?? "",
      ca: ca === undefined
        ? await read(cluster["certificate-authority"] ?? "")
        : new TextDecoder().decode(Uint8Array.fromBase64(ca)),
      // The kubelet keeps both in one file, which it replaces as a whole.
      client: { crt: blocks(pem, /CERTIFICATE/), key: blocks(pem, /PRIVATE KEY/) },
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

type Texts = Readonly<Record<string, string | undefined>>;

function partsOf(kubeconfig: unknown): { readonly cluster: Texts; readonly user: Texts } {
  const { clusters, users } = (kubeconfig ?? {}) as {
    readonly clusters?: readonly { readonly cluster?: Texts }[];
    readonly users?: readonly { readonly user?: Texts }[];
  };
  return { cluster: clusters?.[0]?.cluster ?? {}, user: users?.[0]?.user ?? {} };
}

function blocks(pem: string, kind: RegExp): string {
  return decodePem(pem).filter(({ label }) => kind.test(label))
    .map(({ label, der }) => encodePem(label, der)).join("");
}
