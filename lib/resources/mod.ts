/**
 * The kinds of resources of a node: their names, specs, columns and what is secret about them.
 *
 * ```ts
 * import { aliasesOf, nodeCatalog, Service } from "$lib/resources/mod.ts";
 *
 * console.assert(aliasesOf(Service).includes("svc"));
 * console.assert(nodeCatalog().resolve("SVC").kind === "found");
 * console.assert(nodeCatalog().resolve("sps").kind === "ambiguous");
 * ```
 *
 * @module
 */
export { Catalog, type Resolution } from "./catalog.ts";
export { columnText } from "./columns.ts";
export {
  type ApiServerConfig,
  type ControllerManagerConfig,
  type ControlPlaneConfigs,
  type ExtraManifest,
  type ExtraManifestsConfig,
  type ExtraVolume,
  KubernetesControlPlaneConfig,
  type KubernetesControlPlaneConfigSpec,
  type SchedulerConfig,
  type SystemManifestsConfig,
} from "./config/kubernetes_control_plane_config.ts";
export {
  ACTIVE_CONFIG,
  MachineConfig,
  machineConfig,
  type MachineConfigSpec,
} from "./config/machine_config.ts";
export { MACHINE_TYPE, MachineType, type MachineTypeSpec } from "./config/machine_type.ts";
export {
  define,
  type Definition,
  type DefinitionInit,
  type PrintColumn,
  YamlText,
} from "./definition.ts";
export { Endpoint, type EndpointSpec, KUBERNETES_ENDPOINT } from "./kubernetes/endpoint.ts";
export {
  EXTRAS,
  type KubernetesObject,
  Manifest,
  type ManifestSpec,
} from "./kubernetes/manifest.ts";
export {
  MANIFESTS_APPLIED,
  ManifestStatus,
  type ManifestStatusSpec,
} from "./kubernetes/manifest_status.ts";
export {
  SecretStatus,
  type SecretStatusSpec,
  STATIC_POD_SECRETS,
} from "./kubernetes/secret_status.ts";
export { StaticPod, type StaticPodSpec } from "./kubernetes/static_pod.ts";
export { StaticPodStatus, type StaticPodStatusSpec } from "./kubernetes/static_pod_status.ts";
export { Namespace, NAMESPACES, type NamespaceSpec } from "./meta/namespace.ts";
export {
  definitionSpec,
  ResourceDefinition,
  type ResourceDefinitionSpec,
} from "./meta/resource_definition.ts";
export { AddressStatus, type AddressStatusSpec } from "./network/address_status.ts";
export { LinkStatus, type LinkStatusSpec } from "./network/link_status.ts";
export {
  HOSTNAME,
  HostnameStatus,
  type HostnameStatusSpec,
  RESOLVERS,
  ResolverStatus,
  type ResolverStatusSpec,
} from "./network/names_status.ts";
export { type NetworkStatus, readNetworkStatus } from "./network/network_status.ts";
export {
  CURRENT_ADDRESSES,
  DEFAULT_ADDRESS,
  NodeAddress,
  type NodeAddressSpec,
} from "./network/node_address.ts";
export { RouteStatus, type RouteStatusSpec } from "./network/route_status.ts";
export { aliasesOf, definitionId, displayType } from "./names.ts";
export { NODE_DEFINITIONS, nodeCatalog } from "./node_resources.ts";
export { ETCD_SECRETS, EtcdSecrets, type EtcdSecretsSpec } from "./secrets/etcd_secrets.ts";
export {
  K8S_CERTS,
  KubernetesSecrets,
  type KubernetesSecretsSpec,
} from "./secrets/kubernetes_secrets.ts";
export type { CertificateAndKey, PrivateKey } from "./secrets/pem.ts";
export {
  ROOT_ETCD,
  ROOT_K8S,
  type RootEtcdSpec,
  type RootKubernetesSpec,
  RootSecrets,
} from "./secrets/root_secrets.ts";
export { loggable, specYaml } from "./spec_yaml.ts";
export {
  BootstrapStatus,
  type BootstrapStatusSpec,
  CONTROL_PLANE,
} from "./v1alpha1/bootstrap_status.ts";
export { Service, type ServiceSpec } from "./v1alpha1/service.ts";
export { NODE_TIME, TimeStatus, type TimeStatusSpec } from "./v1alpha1/time_status.ts";
export { NODE_UPGRADE, UpgradeStatus, type UpgradeStatusSpec } from "./v1alpha1/upgrade_status.ts";
