/** What a container of ours is, as its service writes it down. */

/** A directory, file or filesystem inside the container. */
export interface ContainerMount {
  /** Path inside. */
  readonly destination: string;
  /** Path outside for a bind, else the filesystem's name, e.g. `tmpfs`. */
  readonly source: string;
  /** `bind` unless told. */
  readonly type?: string;
  /** Mount options; `["rbind", "rw"]` unless told. */
  readonly options?: readonly string[];
}

/** Namespaces that a container may have of its own; it shares the host's where none is listed. */
export type ContainerNamespace = "ipc" | "uts" | "pid" | "network" | "cgroup";

/** A container: what runs in it, and what it may do. Everything that is not listed is denied. */
export interface ContainerSpec {
  /** The command line. */
  readonly args: readonly string[];
  /** Added to the environment of the image. */
  readonly env?: Readonly<Record<string, string>>;
  /** Nothing of the image's environment is taken. */
  readonly ownEnvironment?: boolean;
  /** Working directory; that of the image unless told. */
  readonly cwd?: string;
  /** User and group; root unless told. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly mounts?: readonly ContainerMount[];
  /** Capabilities kept, e.g. `CAP_NET_ADMIN`; none unless told, `all` for every one. */
  readonly capabilities?: readonly string[] | "all";
  /** Namespaces of its own, beside that of mounts, which it always has; none unless told. */
  readonly namespaces?: readonly ContainerNamespace[];
  /** Every device may be used, nothing under /proc and /sys is hidden, privileges may be gained. */
  readonly privileged?: boolean;
  /** Disks and their partitions may be used, where they are mounted. */
  readonly blockDevices?: boolean;
  /** Its root filesystem can be written to; read-only unless told. */
  readonly writableRoot?: boolean;
  /** How mounts under its root spread, e.g. `rshared`; they do not unless told. */
  readonly rootPropagation?: "rprivate" | "rslave" | "rshared";
  /** Control group below the hierarchy's root, e.g. `/podruntime/etcd`. */
  readonly cgroup: string;
  readonly memoryLimitBytes?: number;
  /** -1,000 (never killed for memory) to 1,000; 0 unless told. */
  readonly oomScoreAdj?: number;
  /** Limits by name, e.g. `NOFILE`; soft and hard are the same. */
  readonly rlimits?: Readonly<Record<string, number>>;
}

/** An image by its name in a registry. */
export interface ContainerImage {
  /** `registry/repository:tag` or `…@sha256:…`. */
  readonly reference: string;
  /** `missing` pulls only what is not there, `always` asks the registry first; `missing` unless told. */
  readonly pull?: "missing" | "always";
}
