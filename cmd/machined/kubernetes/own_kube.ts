/** Kubernetes as this machine may use it: a control plane as administrator, a worker as its kubelet. */
import { parse } from "yaml";
import { isControlPlane } from "$lib/config/mod.ts";
import { KubeClient } from "$lib/kube/mod.ts";
import type { SecureTarget } from "$lib/secure_http/mod.ts";
import { KUBELET_KUBECONFIG, nodeName } from "../kubelet/plan.ts";
import type { Machine } from "../machine.ts";

/** This machine's node, and a client of Kubernetes that may change it. */
export interface OwnKube extends Disposable {
  readonly kube: KubeClient;
  readonly node: string;
}

/** @throws {Error} while the machine has no means to reach Kubernetes */
export async function ownKube(
  { config, etcd }: Pick<Machine, "config" | "etcd">,
): Promise<OwnKube> {
  const running = config.running.value?.config;
  if (!running) throw new Error("Cannot use Kubernetes: the machine has no configuration");
  const kube = isControlPlane(running)
    ? await etcd.access.kube()
    : new KubeClient(await kubeletTarget(KUBELET_KUBECONFIG));
  return {
    kube,
    node: nodeName(running, Deno.hostname()),
    [Symbol.dispose]: () => kube[Symbol.dispose](),
  };
}

/** The part of a kubelet's kubeconfig that is read here. */
interface Kubeconfig {
  readonly clusters?: readonly {
    readonly cluster?: { readonly server?: string; "certificate-authority-data"?: string };
  }[];
  readonly users?: readonly {
    readonly user?: { "client-certificate"?: string; "client-key"?: string };
  }[];
}

/** The API server as a kubelet knows it. @throws {Error} when its kubeconfig says too little */
export async function kubeletTarget(path: string): Promise<SecureTarget> {
  const kubeconfig = parse(await Deno.readTextFile(path)) as Kubeconfig;
  const cluster = kubeconfig.clusters?.[0]?.cluster;
  const user = kubeconfig.users?.[0]?.user;
  const [crt, key] = [user?.["client-certificate"], user?.["client-key"]];
  const ca = cluster?.["certificate-authority-data"];
  if (!cluster?.server || !ca || !crt || !key) {
    throw new Error(`Cannot use Kubernetes: ${path} names no server, CA or certificate`);
  }
  const client = { crt: await Deno.readTextFile(crt), key: await Deno.readTextFile(key) };
  return { url: cluster.server, ca: new TextDecoder().decode(Uint8Array.fromBase64(ca)), client };
}
