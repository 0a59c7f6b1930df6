import type { ContainerMount, ContainerSpec } from "./container.ts";
import { ALL_CAPABILITIES } from "./capabilities.ts";

/** What the image says about the process that runs from it. */
export interface ImageProcess {
  /** `NAME=value` lines. */
  readonly env: readonly string[];
  readonly cwd: string;
}

/** Filesystems that every program expects. */
const BASE_MOUNTS: readonly ContainerMount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
  },
  {
    destination: "/sys",
    type: "sysfs",
    source: "sysfs",
    options: ["nosuid", "noexec", "nodev", "ro"],
  },
];

/** What tells too much about the host, or lets it be changed. */
const MASKED = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const READ_ONLY = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** The value of an OCI runtime-spec's JSON; written here, never read. */
export type OciSpec = Readonly<Record<string, unknown>>;

/** The OCI runtime specification of `container`, as runc takes it. */
export function ociSpec(container: ContainerSpec, image: ImageProcess): OciSpec {
  return {
    ociVersion: "1.2.0",
    process: processOf(container, image),
    root: { path: "rootfs", readonly: !container.writableRoot },
    mounts: mountsOf(container),
    linux: linuxOf(container),
  };
}

function processOf(container: ContainerSpec, image: ImageProcess): OciSpec {
  const { uid = 0, gid = 0 } = container.user ?? {};
  const kept = container.capabilities === "all" ? ALL_CAPABILITIES : container.capabilities ?? [];
  return {
    terminal: false,
    user: { uid, gid },
    args: container.args,
    env: environment(container.ownEnvironment ? [] : image.env, container.env ?? {}),
    cwd: container.cwd ?? image.cwd,
    capabilities: { bounding: kept, effective: kept, permitted: kept },
    rlimits: Object.entries(container.rlimits ?? {}).map(([name, limit]) => ({
      type: `RLIMIT_${name}`,
      soft: limit,
      hard: limit,
    })),
    noNewPrivileges: !container.privileged,
    oomScoreAdj: container.oomScoreAdj ?? 0,
  };
}

/** The image's variables with those of the container in their place or after them. */
function environment(image: readonly string[], own: Readonly<Record<string, string>>): string[] {
  const names = new Set(Object.keys(own));
  const kept = image.filter((line) => !names.has(line.slice(0, line.indexOf("="))));
  return [...kept, ...Object.entries(own).map(([name, value]) => `${name}=${value}`)];
}

/** The container's mounts after the base's, in place of those with the same destination. */
function mountsOf({ mounts = [] }: ContainerSpec): ContainerMount[] {
  const own = new Set(mounts.map(({ destination }) => destination));
  const base = BASE_MOUNTS.filter(({ destination }) =>
    !own.has(destination) && !own.has(parent(destination))
  );
  return [...base, ...mounts].map(({ destination, source, type = "bind", options }) => ({
    destination,
    source,
    type,
    options: options ?? ["rbind", "rw"],
  }));
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function linuxOf(container: ContainerSpec): OciSpec {
  const { privileged = false, blockDevices = false, memoryLimitBytes, rootPropagation } = container;
  return {
    cgroupsPath: container.cgroup,
    namespaces: ["mount", ...(container.namespaces ?? [])].map((type) => ({ type })),
    resources: {
      devices: [
        { allow: privileged, access: "rwm" },
        ...(blockDevices ? [{ allow: true, type: "b", access: "rw" }] : []),
      ],
      ...(memoryLimitBytes === undefined ? {} : { memory: { limit: memoryLimitBytes } }),
    },
    ...(rootPropagation === undefined ? {} : { rootfsPropagation: rootPropagation }),
    ...(privileged ? {} : { maskedPaths: MASKED, readonlyPaths: READ_ONLY }),
  };
}
