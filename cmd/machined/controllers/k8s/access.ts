/** How the controllers and the API reach this node's etcd and API server. */
import type { EtcdTarget } from "$lib/etcd/mod.ts";
import type {
  EtcdSecretsSpec,
  KubernetesSecretsSpec,
  RootEtcdSpec,
  RootKubernetesSpec,
} from "$lib/resources/mod.ts";
import type { SecureTarget } from "$lib/secure_http/mod.ts";
import { administrator } from "../secrets/kubeconfig.ts";

/** etcd's port for clients. */
export const ETCD_CLIENT_PORT = 2379;
/** etcd's port for its other members. */
export const ETCD_PEER_PORT = 2380;

/** The etcd member on this machine. */
export const LOCAL_ETCD = `https://127.0.0.1:${ETCD_CLIENT_PORT}`;

/** etcd, as its own member: this machine's unless other endpoints are given. */
export function etcdTarget(
  { etcdCA }: RootEtcdSpec,
  { etcdPeer }: EtcdSecretsSpec,
  endpoints: readonly string[] = [LOCAL_ETCD],
): EtcdTarget {
  return { endpoints, ca: etcdCA.crt, client: etcdPeer };
}

/** The API server at `url`, as administrator. @throws {Error} when the kubeconfig holds no one. */
export function kubeTarget(
  url: string,
  { ca }: RootKubernetesSpec,
  secrets: KubernetesSecretsSpec,
): SecureTarget {
  const client = administrator(secrets);
  if (!client) throw new Error("Cannot reach the API server: the kubeconfig has no certificate");
  return { url, ca: ca.crt, client };
}

/** The URL of this machine's API server. */
export function localApiUrl({ localPort }: { readonly localPort: number }): string {
  return `https://127.0.0.1:${localPort}`;
}
