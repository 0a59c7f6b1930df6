/** The nodes that a cluster should have, by address or name. */
export interface Members {
  readonly controlPlane: readonly string[];
  readonly workers: readonly string[];
}

/** A service of a node, as the machine API lists it. */
export interface ServiceState {
  readonly id: string;
  readonly state: string;
  /** Undefined while nothing is known, or where the service has no health check. */
  readonly healthy: boolean | undefined;
  /** The last word of its health check. */
  readonly message: string;
  /** The last thing that happened to it. */
  readonly event?: string;
}

/** What is asked of the machine API of each node; what cannot be answered throws. */
export interface MachineReader {
  /** Resolves when the API of the node answers. */
  ready(node: string): Promise<void>;
  services(node: string): Promise<readonly ServiceState[]>;
  booted(node: string): Promise<boolean>;
}

/** A condition in an object's status. */
export interface KubeCondition {
  readonly type: string;
  readonly status: string;
}

/** The parts of a Node of Kubernetes that checks read. */
export interface KubeNode {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions?: readonly KubeCondition[];
    readonly nodeInfo?: { readonly kubeletVersion?: string };
  };
}

/** The parts of a Pod that checks read. */
export interface KubePod {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly { readonly name: string; readonly image?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly KubeCondition[];
    readonly initContainerStatuses?: readonly KubeContainer[];
    readonly containerStatuses?: readonly KubeContainer[];
  };
}

/** What keeps a container of a pod from running, as far as checks read it. */
export interface KubeContainer {
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
  };
}

/** What is asked of the Kubernetes API; what cannot be answered throws. */
export interface KubeReader {
  nodes(): Promise<readonly KubeNode[]>;
  /** The pods of `kube-system` with these labels. */
  pods(labelSelector: string): Promise<readonly KubePod[]>;
}

/** A cluster as checks see it. */
export interface Cluster {
  readonly members: Members;
  readonly machine: MachineReader;
  readonly kube: KubeReader;
}
