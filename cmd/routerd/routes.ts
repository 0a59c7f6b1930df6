import { SOCKETS } from "$lib/paths/mod.ts";

/** A component of the node that answers services. */
export type Backend = "machined" | "networkd" | "timed";

/** Which component answers each service that the node's API has. */
export const ROUTES: Readonly<Record<string, Backend>> = {
  "machine.MachineService": "machined",
  "resource.ResourceService": "machined",
  "inspect.InspectService": "machined",
  "cluster.ClusterService": "machined",
  "configuration.ConfigurationService": "machined",
  "network.NetworkService": "networkd",
  "storage.StorageService": "machined",
  "time.TimeService": "timed",
};

/** The component that answers `service`, if one does. */
export function backendOf(service: string): Backend | undefined {
  return Object.hasOwn(ROUTES, service) ? ROUTES[service] : undefined;
}

/** Where each component listens, for routerd to dial. */
export type BackendSockets = Readonly<Record<Backend, string>>;

/** The components' sockets on a node. */
export const BACKEND_SOCKETS: BackendSockets = {
  machined: SOCKETS.machined,
  networkd: SOCKETS.networkd,
  timed: SOCKETS.timed,
};
