import {
  type Controller,
  type ControllerRuntime,
  exclusive,
  type Pass,
  type Resource,
  weak,
} from "$lib/cosi/mod.ts";
import type { EtcdTarget } from "$lib/etcd/mod.ts";
import { type KubeObject, kubeObject } from "$lib/kube/mod.ts";
import {
  type ApiServerConfig,
  BootstrapStatus,
  CONTROL_PLANE,
  ETCD_SECRETS,
  EtcdSecrets,
  K8S_CERTS,
  KubernetesControlPlaneConfig,
  KubernetesSecrets,
  Manifest,
  MANIFESTS_APPLIED,
  type ManifestSpec,
  ManifestStatus,
  ROOT_ETCD,
  ROOT_K8S,
  type RootEtcdSpec,
  type RootKubernetesSpec,
  RootSecrets,
  StaticPod,
} from "$lib/resources/mod.ts";
import type { SecureTarget } from "$lib/secure_http/mod.ts";
import { etcdTarget, kubeTarget, localApiUrl } from "./access.ts";
import type { AskReady } from "./control_plane_static_pod.ts";
import { UserManifest } from "./extra_manifest.ts";
import { applyOrder } from "./manifests/order.ts";

/** The mutex that lets one control plane at a time apply manifests. */
export const APPLY_MUTEX = "talos:v1:manifestApplyMutex";
/** The pod that is there once the API server has been ready: who waits for it needs not ask too. */
const RELEASED = "kube-scheduler";
/** How often the API server is asked whether it is ready, milliseconds. */
const POLL_MS = 2_000;

/** Where manifests go. */
export interface ManifestTarget {
  readonly api: SecureTarget;
  readonly etcd: EtcdTarget;
}

/** What the controller works with. */
export interface ManifestApplyDeps {
  readonly askReady: AskReady;
  /** Applies objects in this order, alone in the cluster; gives a line for each one left as it was. */
  readonly apply: (
    objects: readonly KubeObject[],
    target: ManifestTarget,
    signal: AbortSignal,
  ) => Promise<readonly string[]>;
}

/** Applies the Manifests to the cluster and keeps the ManifestStatus of those that are applied. */
export class ManifestApplyController implements Controller {
  readonly name = "k8s.ManifestApplyController";
  readonly inputs = [
    weak(KubernetesSecrets, K8S_CERTS),
    weak(Manifest),
    weak(UserManifest),
    weak(BootstrapStatus, CONTROL_PLANE),
    weak(RootSecrets, ROOT_K8S),
    weak(RootSecrets, ROOT_ETCD),
    weak(EtcdSecrets, ETCD_SECRETS),
    weak(KubernetesControlPlaneConfig, "kube-apiserver"),
    weak(StaticPod, RELEASED),
  ];
  readonly outputs = [exclusive(ManifestStatus)];
  /** The versions that were applied last: other changes are no reason to apply them again. */
  #applied = "";

  constructor(readonly deps: ManifestApplyDeps) {}

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const manifests = await manifestsOf(pass);
      const target = await targetOf(pass);
      const bootstrap = await pass.find(BootstrapStatus, CONTROL_PLANE);
      if (!target || manifests.length === 0 || bootstrap?.selfHostedControlPlane) continue;
      const versions = versionsOf(manifests);
      if (versions !== this.#applied) {
        pass.keep();
        if (!await pass.find(StaticPod, RELEASED)) continue;
        if (!await this.#isReady(target, rt.signal)) {
          pass.again(POLL_MS);
          continue;
        }
        const objects = manifests.flatMap(({ metadata, spec }) =>
          spec.map((object) => kubeObject(object, `manifest "${metadata.id}"`))
        );
        const kept = await this.deps.apply(applyOrder(objects), target, rt.signal);
        for (const line of kept) rt.log(line);
        rt.log(`applied ${manifests.length} manifests`);
        this.#applied = versions;
      }
      await pass.put(ManifestStatus, MANIFESTS_APPLIED, {
        manifestsApplied: manifests.map(({ metadata }) => metadata.id),
      });
    }
  }

  #isReady({ api }: ManifestTarget, signal: AbortSignal): Promise<boolean> {
    return this.deps.askReady(api, signal).then(() => true, () => false);
  }
}

async function manifestsOf(pass: Pass): Promise<Resource<ManifestSpec>[]> {
  const all = [...await pass.list(Manifest), ...await pass.list(UserManifest)];
  return all.filter(({ metadata }) => metadata.phase === "running")
    .sort((a, b) => a.metadata.id < b.metadata.id ? -1 : 1);
}

function versionsOf(manifests: readonly Resource[]): string {
  return manifests.map(({ metadata: { namespace, id, version, createdMs } }) =>
    `${namespace}/${id} ${version} ${createdMs}`
  ).join("\n");
}

async function targetOf(pass: Pass): Promise<ManifestTarget | undefined> {
  const certificates = await pass.find(KubernetesSecrets, K8S_CERTS);
  const root = await pass.find(RootSecrets, ROOT_K8S) as RootKubernetesSpec | undefined;
  const rootEtcd = await pass.find(RootSecrets, ROOT_ETCD) as RootEtcdSpec | undefined;
  const etcd = await pass.find(EtcdSecrets, ETCD_SECRETS);
  const config = await pass.find(KubernetesControlPlaneConfig, "kube-apiserver");
  if (!certificates || !root || !rootEtcd || !etcd || !config) return undefined;
  return {
    api: kubeTarget(localApiUrl(config as ApiServerConfig), root, certificates),
    etcd: etcdTarget(rootEtcd, etcd),
  };
}
