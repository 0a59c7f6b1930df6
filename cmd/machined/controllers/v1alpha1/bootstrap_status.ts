import {
  type Controller,
  type ControllerRuntime,
  exclusive,
  type Pass,
  weak,
} from "$lib/cosi/mod.ts";
import type { EtcdTarget, KeyValue } from "$lib/etcd/mod.ts";
import {
  BootstrapStatus,
  CONTROL_PLANE,
  ETCD_SECRETS,
  EtcdSecrets,
  ROOT_ETCD,
  type RootEtcdSpec,
  RootSecrets,
  Service,
} from "$lib/resources/mod.ts";
import { etcdTarget } from "../k8s/access.ts";

/** The key by which earlier releases say that Kubernetes runs its own control plane. */
const INITIALIZED = "initialized";

/** Reads a key of etcd, and waits for its next change. */
export interface EtcdKeys {
  read(target: EtcdTarget, key: string, signal: AbortSignal): Promise<KeyValue>;
  untilChanged(
    target: EtcdTarget,
    key: string,
    since: { readonly revision: string; readonly signal: AbortSignal },
  ): Promise<void>;
}

/** Keeps the BootstrapStatus, once etcd is healthy. */
export class BootstrapStatusController implements Controller {
  readonly name = "v1alpha1.BootstrapStatusController";
  readonly inputs = [
    weak(Service, "etcd"),
    weak(RootSecrets, ROOT_ETCD),
    weak(EtcdSecrets, ETCD_SECRETS),
  ];
  readonly outputs = [exclusive(BootstrapStatus)];

  constructor(readonly deps: { keys: EtcdKeys }) {}

  async run(rt: ControllerRuntime): Promise<void> {
    let following: AbortController | undefined;
    for await (const pass of rt.passes()) {
      following?.abort();
      const target = await targetOf(pass);
      if (!target) continue;
      pass.keep();
      if (!(await pass.find(Service, "etcd"))?.healthy) continue;
      const { value, revision } = await this.deps.keys.read(target, INITIALIZED, rt.signal);
      const selfHostedControlPlane = value === "true";
      await pass.put(BootstrapStatus, CONTROL_PLANE, { selfHostedControlPlane });
      if (!selfHostedControlPlane) continue;
      following = new AbortController();
      const signal = AbortSignal.any([rt.signal, following.signal]);
      this.#follow(rt, target, { revision, signal });
    }
    following?.abort();
  }

  /** Wakes the controller once the key changes; one whose watch breaks looks again. */
  async #follow(
    rt: ControllerRuntime,
    target: EtcdTarget,
    since: { revision: string; signal: AbortSignal },
  ): Promise<void> {
    await this.deps.keys.untilChanged(target, INITIALIZED, since).catch((error) => {
      rt.log(`cannot watch etcd: ${error instanceof Error ? error.message : error}`);
    });
    if (!since.signal.aborted) rt.wake();
  }
}

async function targetOf(pass: Pass): Promise<EtcdTarget | undefined> {
  const root = await pass.find(RootSecrets, ROOT_ETCD) as RootEtcdSpec | undefined;
  const etcd = await pass.find(EtcdSecrets, ETCD_SECRETS);
  return root && etcd ? etcdTarget(root, etcd) : undefined;
}
