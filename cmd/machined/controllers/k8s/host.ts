import { EtcdClient, readKey, untilChanged } from "$lib/etcd/mod.ts";
import { KubeClient } from "$lib/kube/mod.ts";
import { SecureHttp } from "$lib/secure_http/mod.ts";
import { applyToCluster } from "./apply.ts";
import { apiServerAddresses, kubeletTarget } from "./control_planes.ts";
import type { KubernetesDeps } from "./deps.ts";
import { fetchText } from "./fetch_text.ts";
import type { KubeletPod } from "./kubelet_pods.ts";
import type { ListKubeletPods } from "./kubelet_static_pod.ts";
import { CONTROL_PLANE_UID, SECRETS_DIR } from "./pods/pod.ts";

/** Where the kubelet finds static pods. */
export const STATIC_PODS_DIR = "/etc/kubernetes/manifests";
/** The certificate that a kubelet signs for itself, and the CA that it makes for that. */
const KUBELET_CERTIFICATE = "/var/lib/kubelet/pki/kubelet.crt";
const KUBELET_PORT = 10250;
/** On a busy machine an API server that starts takes its time: who hangs up early asks it twice. */
const READY_TIMEOUT_MS = 15_000;

/** The effects on a real node. */
export function hostKubernetes({ nodename }: { nodename: () => string }): KubernetesDeps {
  return {
    secrets: { directory: SECRETS_DIR, uid: CONTROL_PLANE_UID },
    kubelet: { manifests: STATIC_PODS_DIR, listPods: kubeletPods(nodename) },
    keys: {
      async read(target, key, signal) {
        using etcd = new EtcdClient(target);
        return await readKey(etcd, key, { signal });
      },
      async untilChanged(target, key, since) {
        using etcd = new EtcdClient(target);
        await untilChanged(etcd, key, since);
      },
    },
    async askReady(target, signal) {
      using api = new KubeClient(target);
      await api.ready({ signal, timeoutMs: READY_TIMEOUT_MS });
    },
    controlPlanes: {
      asKubelet: () => kubeletTarget((path) => Deno.readTextFile(path)),
      async list(target, signal) {
        using api = new KubeClient(target);
        return await apiServerAddresses(api, { signal });
      },
    },
    fetchText,
    apply: applyToCluster,
  };
}

/** Asks the kubelet of this node, by the name that its certificate has. */
function kubeletPods(nodename: () => string): ListKubeletPods {
  return async (client, signal) => {
    const ca = await Deno.readTextFile(KUBELET_CERTIFICATE);
    using kubelet = new SecureHttp({ url: `https://${nodename()}:${KUBELET_PORT}`, ca, client });
    const { items } = await kubelet.json<{ items: KubeletPod[] | null }>("GET", "/pods", {
      signal,
    });
    return items ?? [];
  };
}
