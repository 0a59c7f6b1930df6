/**
 * Names that several programs of a node share: sockets, ports, directories, ids.
 *
 * @module
 */

/** TCP port of apid on every node. */
export const APID_PORT = 50000;
/** TCP port of trustd on control planes. */
export const TRUSTD_PORT = 50001;
/** Where trustd keeps the public files that nodes leave for each other. */
export const TRUST_EXCHANGE = "/system/run/trustd/pki";

/** The unix socket each component of a node serves its gRPC API on. */
export const SOCKETS = {
  machined: "/system/run/machined/machine.sock",
  networkd: "/system/run/networkd/networkd.sock",
  timed: "/system/run/timed/timed.sock",
  routerd: "/system/run/routerd/routerd.sock",
  apid: "/system/run/apid/apid.sock",
} as const;

/** Where networkd tells machined of the network as it is. */
export const NETWORK_FEED = "/system/run/networkd/network.sock";

/** The sockets of the node's two containerds: for its own containers, and for Kubernetes'. */
export const CONTAINERD_SOCKETS = {
  system: "/system/run/containerd/containerd.sock",
  cri: "/run/containerd/containerd.sock",
} as const;

/** The namespaces of containers: the node's own, and those of pods. */
export const CONTAINERD_NAMESPACES = { system: "system", pods: "k8s.io" } as const;

/** Where both containerds find how to reach registries. */
export const REGISTRY_HOSTS_DIRECTORY = "/system/etc/cri/hosts";

/** User ids of the services that do not run as root; each is also the service's group. */
export const UIDS = { apid: 50, routerd: 51, networkd: 52, timed: 53, trustd: 54 } as const;
