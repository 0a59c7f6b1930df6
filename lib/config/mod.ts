/**
 * The machine configuration: the one YAML document that says what a node is.
 *
 * ```ts
 * import { parseConfig } from "$lib/config/mod.ts";
 *
 * const { config, errors } = parseConfig(`
 * version: v1alpha1
 * machine: { type: join, token: 328hom.uqjzh6jnn2eie9oi }
 * cluster: { controlPlane: { endpoint: "https://10.0.0.1:6443" } }
 * `);
 * console.assert(errors.length === 0 && config?.machine.certSANs.length === 0);
 * ```
 *
 * @module
 */
export { INLINE_CONFIG_BYTES, MAX_CONFIG_BYTES } from "./decode/text.ts";
export { encodeConfig, type EncodeOptions } from "./encode/encode.ts";
export { configurationMarkdown } from "./encode/markdown.ts";
export { unifiedDiff } from "./edit/diff.ts";
export { encryptionFault } from "./edit/encryption.ts";
export { configDiff, immediateFault } from "./edit/immediate.ts";
export { isOtherCluster } from "./edit/other_cluster.ts";
export { parsePatch, type PatchOperation } from "./edit/operations.ts";
export { applyPatch } from "./edit/patch.ts";
export { redactConfig } from "./edit/redact.ts";
export { type PlatformFacts, withPlatformFacts } from "./edit/dynamic.ts";
export { describe, type Finding, formatPath, multierror, type Path } from "./finding.ts";
export {
  type ConfigKind,
  generateConfig,
  generateConfigs,
  type GenerateInput,
} from "./generate/configs.ts";
export { checkEndpoint, parseRegistryMirror } from "./generate/endpoint.ts";
export {
  COREDNS_VERSION,
  ETCD_VERSION,
  FLANNEL_VERSION,
  imageList,
  IMAGES,
  KUBERNETES_VERSION,
  kubernetesImages,
  PAUSE_VERSION,
  SUPPORTED_KUBERNETES,
} from "./generate/images.ts";
export {
  ADMIN_CERT_HOURS,
  createAdminIdentity,
  createSecrets,
  randomToken,
  type SecretsBundle,
  secretsOf,
} from "./generate/secrets.ts";
export { isControlPlane, type MachineType, machineType } from "./machine_type.ts";
export { parseConfig, type ParsedConfig, type ParseOptions } from "./parse.ts";
export type {
  ClusterSection,
  MachineConfig,
  MachineSection,
  RawConfig,
} from "./schema/document.ts";
export { readBytes } from "./schema/scalars.ts";
export { effectiveInstaller } from "./validate/image_rules.ts";
export type { Mode } from "./validate/rule.ts";
export {
  checkRules,
  validateConfig,
  type ValidateOptions,
  type Verdict,
} from "./validate/validate.ts";
