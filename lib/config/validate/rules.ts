import { clusterSecrets, cni, dnsDomain, endpoint, extraArgs } from "./cluster_rules.ts";
import { installerImage, kubernetesImage } from "./image_rules.ts";
import {
  encryption,
  encryptionProvider,
  encryptionSupport,
  files,
  installDisk,
  mountpoints,
  partitions,
  version,
} from "./machine_rules.ts";
import { addresses, devices, vipOnWorker } from "./network_rules.ts";
import type { Rule } from "./rule.ts";

/** All rules, in the order in which 0.9 reports what it finds; ours follow. */
export const RULES: readonly Rule[] = [
  version,
  endpoint,
  installDisk,
  cni,
  vipOnWorker,
  devices,
  partitions,
  dnsDomain,
  encryption,
  encryptionProvider,
  encryptionSupport,
  extraArgs,
  files,
  mountpoints,
  clusterSecrets,
  kubernetesImage,
  installerImage,
  addresses,
];
