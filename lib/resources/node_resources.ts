import { Catalog } from "./catalog.ts";
import type { Definition } from "./definition.ts";
import { KubernetesControlPlaneConfig } from "./config/kubernetes_control_plane_config.ts";
import { MachineConfig } from "./config/machine_config.ts";
import { MachineType } from "./config/machine_type.ts";
import { Endpoint } from "./kubernetes/endpoint.ts";
import { Manifest } from "./kubernetes/manifest.ts";
import { ManifestStatus } from "./kubernetes/manifest_status.ts";
import { SecretStatus } from "./kubernetes/secret_status.ts";
import { StaticPod } from "./kubernetes/static_pod.ts";
import { StaticPodStatus } from "./kubernetes/static_pod_status.ts";
import { Namespace } from "./meta/namespace.ts";
import { ResourceDefinition } from "./meta/resource_definition.ts";
import { AddressStatus } from "./network/address_status.ts";
import { LinkStatus } from "./network/link_status.ts";
import { HostnameStatus, ResolverStatus } from "./network/names_status.ts";
import { NodeAddress } from "./network/node_address.ts";
import { RouteStatus } from "./network/route_status.ts";
import { EtcdSecrets } from "./secrets/etcd_secrets.ts";
import { KubernetesSecrets } from "./secrets/kubernetes_secrets.ts";
import { RootSecrets } from "./secrets/root_secrets.ts";
import { BootstrapStatus } from "./v1alpha1/bootstrap_status.ts";
import { Service } from "./v1alpha1/service.ts";
import { TimeStatus } from "./v1alpha1/time_status.ts";
import { UpgradeStatus } from "./v1alpha1/upgrade_status.ts";

/** Every kind of a node. */
export const NODE_DEFINITIONS: readonly Definition[] = [
  Namespace,
  ResourceDefinition,
  BootstrapStatus,
  Service,
  TimeStatus,
  UpgradeStatus,
  MachineConfig,
  MachineType,
  KubernetesControlPlaneConfig,
  Manifest,
  ManifestStatus,
  StaticPod,
  StaticPodStatus,
  Endpoint,
  SecretStatus,
  EtcdSecrets,
  KubernetesSecrets,
  RootSecrets,
  LinkStatus,
  AddressStatus,
  RouteStatus,
  ResolverStatus,
  HostnameStatus,
  NodeAddress,
];

/** The catalog of a node. */
export function nodeCatalog(): Catalog {
  return new Catalog(NODE_DEFINITIONS);
}
