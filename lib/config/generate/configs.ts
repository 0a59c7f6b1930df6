import type { PemPair } from "$lib/pki/mod.ts";
import { encodeConfig } from "../encode/encode.ts";
import type { ClusterSection, MachineConfig, MachineSection } from "../schema/document.ts";
import { contractOf } from "./contract.ts";
import { checkEndpoint, splitUrl } from "./endpoint.ts";
import { IMAGES, kubernetesImages } from "./images.ts";
import type { SecretsBundle } from "./secrets.ts";

type Network = NonNullable<ClusterSection["network"]>;
type Registries = NonNullable<MachineSection["registries"]>;

/** What a cluster's configurations are generated from. */
export interface GenerateInput {
  readonly clusterName: string;
  /** `https://<host>[:<port>]` */
  readonly endpoint: string;
  readonly secrets: SecretsBundle;
  readonly additionalSans?: readonly string[];
  readonly dnsDomain?: string;
  readonly podSubnets?: readonly string[];
  readonly serviceSubnets?: readonly string[];
  readonly cni?: NonNullable<Network["cni"]>;
  readonly installDisk?: string;
  readonly installImage?: string;
  readonly installExtraKernelArgs?: readonly string[];
  /** Pins the images of all Kubernetes components; none leaves them to the node's release. */
  readonly kubernetesVersion?: string;
  readonly persist?: boolean;
  readonly debug?: boolean;
  readonly registryMirrors?: NonNullable<Registries["mirrors"]>;
  readonly registryConfig?: NonNullable<Registries["config"]>;
  readonly network?: NonNullable<MachineSection["network"]>;
  readonly disks?: NonNullable<MachineSection["disks"]>;
  readonly systemDiskEncryption?: NonNullable<MachineSection["systemDiskEncryption"]>;
  readonly localApiServerPort?: number;
  readonly allowSchedulingOnMasters?: boolean;
  /** The release to generate for, e.g. `v0.8`. */
  readonly talosVersion?: string;
}

/** The three kinds of configuration files. */
export type ConfigKind = "init" | "controlplane" | "join";

/** The configurations of a new cluster as YAML with comments and examples. */
export function generateConfigs(input: GenerateInput): Readonly<Record<ConfigKind, string>> {
  const options = { comments: true, examples: true };
  return {
    init: encodeConfig(generateConfig("init", input), options),
    controlplane: encodeConfig(generateConfig("controlplane", input), options),
    join: encodeConfig(generateConfig("join", input), options),
  };
}

/** One configuration of a new cluster. @throws {TypeError} when the endpoint cannot be one. */
export function generateConfig(kind: ConfigKind, input: GenerateInput): MachineConfig {
  checkEndpoint(input.endpoint);
  contractOf(input.talosVersion);
  const worker = kind === "join";
  return {
    version: "v1alpha1",
    debug: input.debug ?? false,
    persist: input.persist ?? true,
    machine: {
      // 0.9 itself writes `worker` into the files of nodes that it calls `join` elsewhere.
      type: worker ? "worker" : kind,
      ...machineSection(input, worker),
    },
    cluster: worker ? workerCluster(input) : controlPlaneCluster(input),
  };
}

function machineSection(input: GenerateInput, worker: boolean): Omit<MachineSection, "type"> {
  const { kubernetesVersion: version, registryMirrors, registryConfig } = input;
  return {
    token: input.secrets.machineToken,
    // By its certificate a worker knows the control plane that it asks for its own.
    ca: worker ? withoutKey(input.secrets.ca) : input.secrets.ca,
    certSANs: input.additionalSans ?? [],
    kubelet: version ? { image: kubernetesImages(version).kubelet } : {},
    network: input.network ?? {},
    ...(input.disks ? { disks: input.disks } : {}),
    install: {
      disk: input.installDisk ?? "/dev/sda",
      ...(input.installExtraKernelArgs ? { extraKernelArgs: input.installExtraKernelArgs } : {}),
      image: input.installImage ?? IMAGES.installer,
      bootloader: true,
      wipe: false,
    },
    registries: {
      ...(registryMirrors ? { mirrors: registryMirrors } : {}),
      ...(registryConfig ? { config: registryConfig } : {}),
    },
    ...(input.systemDiskEncryption ? { systemDiskEncryption: input.systemDiskEncryption } : {}),
  };
}

function controlPlaneCluster(input: GenerateInput): ClusterSection {
  const { secrets, kubernetesVersion: version } = input;
  const images = version ? kubernetesImages(version) : undefined;
  const host = splitUrl(input.endpoint).host;
  return {
    controlPlane: {
      endpoint: input.endpoint,
      ...(input.localApiServerPort ? { localAPIServerPort: input.localApiServerPort } : {}),
    },
    clusterName: input.clusterName,
    network: clusterNetwork(input),
    token: secrets.bootstrapToken,
    aescbcEncryptionSecret: secrets.aescbcEncryptionSecret,
    ca: secrets.kubernetesCa,
    ...(secrets.aggregatorCa ? { aggregatorCA: secrets.aggregatorCa } : {}),
    ...(secrets.serviceAccountKey ? { serviceAccount: { key: secrets.serviceAccountKey } } : {}),
    apiServer: {
      ...(images ? { image: images.apiServer } : {}),
      certSANs: [...new Set([host, ...(input.additionalSans ?? [])])],
    },
    controllerManager: images ? { image: images.controllerManager } : {},
    proxy: images ? { image: images.proxy } : {},
    scheduler: images ? { image: images.scheduler } : {},
    etcd: { ca: secrets.etcdCa },
    ...(input.allowSchedulingOnMasters ? { allowSchedulingOnMasters: true } : {}),
  };
}

function workerCluster(input: GenerateInput): ClusterSection {
  return {
    controlPlane: { endpoint: input.endpoint },
    network: clusterNetwork(input),
    token: input.secrets.bootstrapToken,
    aescbcEncryptionSecret: "",
    ca: withoutKey(input.secrets.kubernetesCa),
  };
}

function clusterNetwork(input: GenerateInput): Network {
  return {
    ...(input.cni ? { cni: input.cni } : {}),
    dnsDomain: input.dnsDomain ?? "cluster.local",
    podSubnets: input.podSubnets ?? ["10.244.0.0/16"],
    serviceSubnets: input.serviceSubnets ?? ["10.96.0.0/12"],
  };
}

function withoutKey(pair: PemPair): PemPair {
  return { crt: pair.crt, key: "" };
}
