import { get, type StateReader } from "$lib/cosi/mod.ts";
import { EtcdClient } from "$lib/etcd/mod.ts";
import { KubeClient } from "$lib/kube/mod.ts";
import {
  ETCD_SECRETS,
  EtcdSecrets,
  K8S_CERTS,
  KubernetesSecrets,
  ROOT_ETCD,
  ROOT_K8S,
  type RootEtcdSpec,
  type RootKubernetesSpec,
  RootSecrets,
} from "$lib/resources/mod.ts";
import { etcdTarget, kubeTarget, LOCAL_ETCD } from "../controllers/k8s/access.ts";
import { apiServerAddresses } from "../controllers/k8s/control_planes.ts";
import { clientUrl } from "./arguments.ts";

/** Reaches the cluster's etcd from this machine, with what its resources hold. */
export class EtcdAccess {
  constructor(
    readonly deps: {
      readonly state: StateReader;
      /** This machine's own addresses. */
      readonly addresses: () => readonly string[];
      /** Where its own member listens; loopback unless told. */
      readonly localUrl?: string;
    },
  ) {}

  /** A client of this machine's member. @throws {StateError} while there are no certificates */
  async local(): Promise<EtcdClient> {
    return await this.at([this.#localUrl]);
  }

  /** A client of members at these URLs. */
  async at(endpoints: readonly string[]): Promise<EtcdClient> {
    return new EtcdClient(etcdTarget(await this.#rootEtcd(), await this.#etcd(), endpoints));
  }

  /** A client of this machine's member, or else of any other. */
  async any(signal: AbortSignal): Promise<EtcdClient> {
    const others = await this.others(signal).catch(() => []);
    return await this.at([this.#localUrl, ...others]);
  }

  /** A client of Kubernetes, as administrator, at the endpoint of the control plane unless told. */
  async kube(endpoint?: string): Promise<KubeClient> {
    const root = await get(this.deps.state, RootSecrets, ROOT_K8S) as RootKubernetesSpec;
    const certificates = await get(this.deps.state, KubernetesSecrets, K8S_CERTS);
    return new KubeClient(kubeTarget(endpoint ?? root.endpoint, root, certificates));
  }

  /**
   * The URLs of the other members: beside each API server runs one, and Kubernetes lists those as the
   * endpoints of its own service.
   *
   * @throws {KubeError} {UnreachableError} when no API server answers at the control plane's endpoint
   */
  async others(signal: AbortSignal): Promise<string[]> {
    using kube = await this.kube();
    const own = new Set(this.deps.addresses());
    return (await apiServerAddresses(kube, { signal })).filter((ip) => !own.has(ip)).map(clientUrl);
  }

  get #localUrl(): string {
    return this.deps.localUrl ?? LOCAL_ETCD;
  }

  async #rootEtcd(): Promise<RootEtcdSpec> {
    return await get(this.deps.state, RootSecrets, ROOT_ETCD) as RootEtcdSpec;
  }

  #etcd() {
    return get(this.deps.state, EtcdSecrets, ETCD_SECRETS);
  }
}
