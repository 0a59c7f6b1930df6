import { stringify } from "yaml";
import {
  type Controller,
  type ControllerRuntime,
  exclusive,
  oncePerSpec,
  type Pass,
  strong,
  weak,
} from "$lib/cosi/mod.ts";
import {
  BootstrapStatus,
  CONTROL_PLANE,
  K8S_CERTS,
  KubernetesSecrets,
  ROOT_K8S,
  RootSecrets,
  Service,
  StaticPod,
  type StaticPodSpec,
  StaticPodStatus,
} from "$lib/resources/mod.ts";
import { keepFiles } from "./files.ts";
import { type KubeletPod, staticPodStatuses } from "./kubelet_pods.ts";

/** How often the kubelet is asked for its pods: until all are ready, and after that. */
const POLL_MS = { starting: 3_000, ready: 15_000 } as const;

/** The file by which the kubelet learns of a pod. */
const manifestOf = oncePerSpec((pod: StaticPodSpec) =>
  stringify(pod, { aliasDuplicateObjects: false, lineWidth: 0 })
);

/** The kubelet's pods as it lists them itself. */
export type ListKubeletPods = (
  client: { readonly crt: string; readonly key: string },
  signal: AbortSignal,
) => Promise<readonly KubeletPod[]>;

/** What the kubelet is reached by. */
export interface KubeletDeps {
  /** The kubelet's directory of static pods. */
  readonly manifests: string;
  readonly listPods: ListKubeletPods;
}

/** Hands the StaticPods to the kubelet, and keeps the StaticPodStatuses as it tells them. */
export class KubeletStaticPodController implements Controller {
  readonly name = "k8s.KubeletStaticPodController";
  readonly inputs = [
    strong(StaticPod),
    weak(Service, "kubelet"),
    weak(RootSecrets, ROOT_K8S),
    weak(KubernetesSecrets, K8S_CERTS),
    weak(BootstrapStatus, CONTROL_PLANE),
  ];
  readonly outputs = [exclusive(StaticPodStatus)];
  #lastFault = "";

  constructor(readonly deps: KubeletDeps) {}

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const bootstrap = await pass.find(BootstrapStatus, CONTROL_PLANE);
      if (bootstrap?.selfHostedControlPlane) continue;
      const pods = await this.#writeManifests(pass);
      const kubelet = await pass.find(Service, "kubelet");
      const certificates = await pass.find(KubernetesSecrets, K8S_CERTS);
      if (pods === 0 || !kubelet?.healthy || !certificates) continue;
      await this.#readStatuses(pass, { rt, client: certificates.apiServerKubeletClient, pods });
    }
  }

  /** Gives the number of pods that the kubelet is to run. */
  async #writeManifests(pass: Pass): Promise<number> {
    const files: Record<string, string> = {};
    const leaving: string[] = [];
    for (const { metadata: { id, phase }, spec } of await pass.list(StaticPod)) {
      if (phase === "tearingDown") {
        leaving.push(id);
        continue;
      }
      await pass.addFinalizer(StaticPod, id, finalizerOf(id));
      files[`talos-${id}.yaml`] = manifestOf(spec);
    }
    await keepFiles({
      directory: this.deps.manifests,
      fileMode: 0o600,
      owns: isOurs,
    }, files);
    for (const id of leaving) await pass.removeFinalizer(StaticPod, id, finalizerOf(id));
    return Object.keys(files).length;
  }

  /** While the kubelet gives no answer, what was known last stays. */
  async #readStatuses(
    pass: Pass,
    { rt, client, pods }: {
      rt: ControllerRuntime;
      client: { readonly crt: string; readonly key: string };
      pods: number;
    },
  ): Promise<void> {
    try {
      const listed = await this.deps.listPods(client, rt.signal);
      const statuses = staticPodStatuses(listed);
      for (const [id, { status }] of statuses) await pass.put(StaticPodStatus, id, status);
      const ready = [...statuses.values()].filter((status) => status.ready).length;
      pass.again(ready < pods ? POLL_MS.starting : POLL_MS.ready);
      this.#lastFault = "";
    } catch (error) {
      pass.keep();
      pass.again(POLL_MS.starting);
      const fault = error instanceof Error ? error.message : String(error);
      // The kubelet asks the API server who may read: until that is up it refuses, again and again.
      if (fault !== this.#lastFault) rt.log(`cannot read the kubelet's pods: ${fault}`);
      this.#lastFault = fault;
    }
  }
}

/** Removes the static pods of an earlier boot: they are handed to the kubelet anew in their order. */
export async function dropStaticPods(directory: string): Promise<void> {
  await keepFiles({ directory, fileMode: 0o600, owns: isOurs }, {});
}

function isOurs(name: string): boolean {
  return name.startsWith("talos-") && name.endsWith(".yaml");
}

function finalizerOf(id: string): string {
  return `k8s.StaticPodStatus(${JSON.stringify(id)})`;
}
