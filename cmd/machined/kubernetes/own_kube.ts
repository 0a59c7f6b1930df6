/** Kubernetes as this machine may use it: a control plane as administrator, a worker as its kubelet. */
import { isControlPlane } from "$lib/config/mod.ts";
import { KubeClient } from "$lib/kube/mod.ts";
import { kubeletTarget } from "../controllers/mod.ts";
import { ownNodeName } from "../kubelet/own_name.ts";
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
  const kube = isControlPlane(running) ? await etcd.access.kube() : await asKubelet();
  const node = ownNodeName(running);
  return { kube, node, [Symbol.dispose]: () => kube[Symbol.dispose]() };
}

async function asKubelet(): Promise<KubeClient> {
  const target = await kubeletTarget((path) => Deno.readTextFile(path));
  if (!target) throw new Error("Cannot use Kubernetes: the kubelet has not joined it");
  return new KubeClient(target);
}
