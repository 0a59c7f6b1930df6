import { type KubeReader, kubeReader } from "$lib/health/mod.ts";
import { KubeClient } from "$lib/kube/mod.ts";
import { accessOf } from "$lib/kubeconfig/mod.ts";
import type { Client } from "../client/client.ts";
import { fetchKubeconfig } from "../kubeconfig_file.ts";

/** How long a node may take to hand out its kubeconfig. */
const KUBECONFIG_MS = 10_000;

/** The Kubernetes API of a cluster, reached by the kubeconfig that a node of it hands out. */
export class KubeAccess implements Disposable {
  #client: KubeClient | undefined;

  /** `endpoint` replaces the kubeconfig's server; empty keeps it. */
  constructor(readonly talos: Client, readonly endpoint: string) {}

  /** The client, once the kubeconfig is to be had. @throws {Error} while it is not */
  async client(): Promise<KubeClient> {
    if (this.#client) return this.#client;
    const asked = this.talos.endedBy(this.talos.signal);
    const access = accessOf(await fetchKubeconfig(asked, KUBECONFIG_MS));
    const url = this.endpoint === "" ? access.url : kubeUrl(this.endpoint);
    return this.#client ??= new KubeClient({ ...access, url });
  }

  /** What checks read, by a client that is made with the first question. */
  get reader(): KubeReader {
    const { signal } = this.talos;
    return {
      nodes: async () => await kubeReader(await this.client(), signal).nodes(),
      pods: async (selector) => await kubeReader(await this.client(), signal).pods(selector),
    };
  }

  [Symbol.dispose](): void {
    this.#client?.[Symbol.dispose]();
  }
}

/** `host`, `host:port` or a URL as the URL of a Kubernetes API. @throws {TypeError} */
export function kubeUrl(endpoint: string): string {
  const text = endpoint.includes("://") ? endpoint : `https://${endpoint}`;
  if (!URL.canParse(text) || new URL(text).protocol !== "https:") {
    throw new TypeError(
      `Cannot use Kubernetes endpoint "${endpoint}": it is not a host, host:port or https URL`,
    );
  }
  const { hostname, port } = new URL(text);
  return `https://${hostname}:${port === "" && !endpoint.includes("://") ? "6443" : port || "443"}`;
}
