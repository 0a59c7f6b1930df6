import { join } from "node:path/posix";
import {
  type Controller,
  type ControllerRuntime,
  exclusive,
  type Pass,
  weak,
} from "$lib/cosi/mod.ts";
import {
  type ApiServerConfig,
  ETCD_SECRETS,
  EtcdSecrets,
  K8S_CERTS,
  KubernetesControlPlaneConfig,
  KubernetesSecrets,
  ROOT_ETCD,
  ROOT_K8S,
  type RootEtcdSpec,
  type RootKubernetesSpec,
  RootSecrets,
  SecretStatus,
  STATIC_POD_SECRETS,
} from "$lib/resources/mod.ts";
import { keepFiles } from "./files.ts";
import { secretFiles, type SecretSources } from "./secrets/files.ts";

/** Where the files go, and to whom. */
export interface SecretPlace {
  readonly directory: string;
  /** Who owns the files: the user of the static pods. */
  readonly uid?: number;
}

/** Writes the secrets that static pods read, and keeps the SecretStatus that says so. */
export class RenderSecretsStaticPodController implements Controller {
  readonly name = "k8s.RenderSecretsStaticPodController";
  readonly inputs = [
    weak(KubernetesSecrets, K8S_CERTS),
    weak(EtcdSecrets, ETCD_SECRETS),
    weak(RootSecrets, ROOT_ETCD),
    weak(RootSecrets, ROOT_K8S),
    weak(KubernetesControlPlaneConfig, "kube-apiserver"),
  ];
  readonly outputs = [exclusive(SecretStatus)];
  /** Counts the times that the files changed: pods are made anew for them. */
  #version = 0;

  constructor(readonly deps: { secrets: SecretPlace }) {}

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const sources = await sourcesOf(pass);
      if (!sources) continue;
      if (await this.#write(sources)) this.#version++;
      await pass.put(SecretStatus, STATIC_POD_SECRETS, {
        ready: true,
        version: String(this.#version),
      });
    }
  }

  async #write(sources: SecretSources): Promise<boolean> {
    const { directory, ...owner } = this.deps.secrets;
    let changed = false;
    for (const [component, files] of Object.entries(secretFiles(sources))) {
      const place = { ...owner, directory: join(directory, component), fileMode: 0o400 };
      if (await keepFiles({ ...place, owns: () => true }, files)) changed = true;
    }
    return changed;
  }
}

async function sourcesOf(pass: Pass): Promise<SecretSources | undefined> {
  const rootEtcd = await pass.find(RootSecrets, ROOT_ETCD) as RootEtcdSpec | undefined;
  const root = await pass.find(RootSecrets, ROOT_K8S) as RootKubernetesSpec | undefined;
  const etcd = await pass.find(EtcdSecrets, ETCD_SECRETS);
  const certificates = await pass.find(KubernetesSecrets, K8S_CERTS);
  const config = await pass.find(KubernetesControlPlaneConfig, "kube-apiserver");
  if (!rootEtcd || !root || !etcd || !certificates || !config) return undefined;
  const { localPort } = config as ApiServerConfig;
  return { rootEtcd, root, etcd, certificates, localPort };
}
