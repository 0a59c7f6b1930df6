/**
 * What the tests of controllers share.
 *
 * @module
 */
import {
  createSecrets,
  encodeConfig,
  generateConfig,
  type GenerateInput,
  type MachineConfig,
} from "$lib/config/mod.ts";
import type { ControllerWorld } from "$lib/cosi/testing.ts";
import {
  ETCD_SECRETS,
  EtcdSecrets,
  type EtcdSecretsSpec,
  K8S_CERTS,
  KubernetesControlPlaneConfig,
  KubernetesSecrets,
  type KubernetesSecretsSpec,
  type MachineConfigSpec,
  ROOT_ETCD,
  ROOT_K8S,
  type RootEtcdSpec,
  type RootKubernetesSpec,
  RootSecrets,
} from "$lib/resources/mod.ts";
import { controlPlaneConfigs } from "./config/control_plane_configs.ts";
import type { KubernetesDeps } from "./k8s/mod.ts";
import { peerDemand } from "./secrets/etcd.ts";
import { kubernetesSecrets } from "./secrets/kubernetes_certs.ts";
import { keepLeaf } from "./secrets/leaf.ts";
import { rootEtcd as rootEtcdOf, rootKubernetes } from "./secrets/root_secrets.ts";

const secrets = createSecrets({ now: new Date(Date.UTC(2026, 0, 1)) });

/** The configuration of a machine of a test cluster, as a resource holds it. */
export async function testConfig(
  kind: "init" | "controlplane" | "join" = "controlplane",
  input: Partial<GenerateInput> = {},
): Promise<MachineConfigSpec<MachineConfig>> {
  const config = generateConfig(kind, {
    clusterName: "test",
    endpoint: "https://10.5.0.1:6443",
    secrets: await secrets,
    ...input,
  });
  return { text: encodeConfig(config), config };
}

/** The same configuration with other settings of the cluster. */
export function withCluster(
  { text, config }: MachineConfigSpec<MachineConfig>,
  cluster: Partial<MachineConfig["cluster"]>,
): MachineConfigSpec<MachineConfig> {
  return { text, config: { ...config, cluster: { ...config.cluster, ...cluster } } };
}

/** What controllers reach out for, where there is nothing: no etcd, no kubelet, no API server. */
export function nothingOutside(directory: string): KubernetesDeps {
  const nobody = () => Promise.reject(new Error("nobody answers"));
  return {
    secrets: { directory: `${directory}/secrets` },
    kubelet: { manifests: `${directory}/manifests`, listPods: nobody },
    keys: { read: nobody, untilChanged: nobody },
    askReady: nobody,
    controlPlanes: { asKubelet: () => Promise.resolve(undefined), list: nobody },
    fetchText: nobody,
    apply: nobody,
  };
}

/** The secrets of a control plane as its controllers would keep them. */
export async function testSecrets(now = new Date()): Promise<{
  readonly rootEtcd: RootEtcdSpec;
  readonly root: RootKubernetesSpec;
  readonly etcd: EtcdSecretsSpec;
  readonly certificates: KubernetesSecretsSpec;
}> {
  const { config } = await testConfig();
  const root = rootKubernetes(config);
  const rootEtcd = rootEtcdOf(config);
  const host = { hostname: "node-a", addresses: ["10.5.0.2"] };
  const { leaf } = await keepLeaf(undefined, peerDemand(rootEtcd.etcdCA, host), now);
  const { spec } = await kubernetesSecrets(root, undefined, now);
  return { rootEtcd, root, etcd: { etcdPeer: leaf }, certificates: spec };
}

/** A control plane whose secrets and settings are there. */
export async function putControlPlane(world: ControllerWorld): Promise<void> {
  const { rootEtcd, root, etcd, certificates } = await testSecrets();
  await world.put(RootSecrets, ROOT_ETCD, rootEtcd);
  await world.put(RootSecrets, ROOT_K8S, root);
  await world.put(EtcdSecrets, ETCD_SECRETS, etcd);
  await world.put(KubernetesSecrets, K8S_CERTS, certificates);
  const configs = controlPlaneConfigs((await testConfig()).config);
  for (const [id, spec] of Object.entries(configs)) {
    await world.put(KubernetesControlPlaneConfig, id, spec);
  }
}
