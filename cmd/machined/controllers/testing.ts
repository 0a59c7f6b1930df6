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
import type { MachineConfigSpec } from "$lib/resources/mod.ts";

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
