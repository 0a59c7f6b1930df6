/** The pseudo filesystems of a node beyond those the early stage mounted. */
import type { Task } from "../sequences/engine.ts";

/** What the tasks here need of the kernel; `$ffi/mount.ts` fits it. */
export interface Mounter {
  mount(request: Filesystem & { readonly source: string }): void;
}

/** mount(2) flags. */
export const NOSUID = 2;
export const NODEV = 4;
export const NOEXEC = 8;
const RELATIME = 1 << 21;

interface Filesystem {
  readonly type: string;
  readonly target: string;
  readonly flags: number;
  readonly data?: string;
}

const LOCKED = NOSUID | NODEV | NOEXEC | RELATIME;

const PSEUDO: readonly Filesystem[] = [
  {
    type: "devpts",
    target: "/dev/pts",
    flags: NOSUID | NOEXEC,
    data: "ptmxmode=000,mode=620,gid=5",
  },
  { type: "tmpfs", target: "/dev/shm", flags: NOSUID | NODEV | NOEXEC | RELATIME },
  { type: "mqueue", target: "/dev/mqueue", flags: LOCKED },
  { type: "hugetlbfs", target: "/dev/hugepages", flags: NOSUID | NODEV },
  { type: "securityfs", target: "/sys/kernel/security", flags: LOCKED },
];

const BPF: Filesystem = {
  type: "bpf",
  target: "/sys/fs/bpf",
  flags: LOCKED,
  data: "mode=0700",
};

const CGROUP: Filesystem = {
  type: "cgroup2",
  target: "/sys/fs/cgroup",
  flags: LOCKED,
  data: "nsdelegate,memory_recursiveprot",
};

/** Controllers handed down to every group; the kubelet asks for all of them. */
const CONTROLLERS = "+cpu +cpuset +memory +pids +io +hugetlb";
/** Groups of the node's own: PID 1, our services, the container runtime with etcd and the kubelet. */
const GROUPS = ["init", "system", "podruntime"] as const;

/** Mounts devpts, shm, mqueue, hugepages and securityfs. */
export function mountPseudoFilesystems(deps: { mounter: Mounter }): Task {
  return {
    name: "mountPseudoFilesystems",
    run() {
      for (const filesystem of PSEUDO) mountOne(deps.mounter, filesystem);
    },
  };
}

/** Mounts bpffs. */
export function mountBpfFilesystem(deps: { mounter: Mounter }): Task {
  return { name: "mountBPFFS", run: () => mountOne(deps.mounter, BPF) };
}

/** Mounts the unified cgroup hierarchy, puts PID 1 into a leaf of its own and hands controllers down. */
export function mountCgroups(deps: { mounter: Mounter }): Task {
  return {
    name: "mountCgroups",
    async run() {
      mountOne(deps.mounter, CGROUP);
      for (const group of GROUPS) await Deno.mkdir(`${CGROUP.target}/${group}`);
      // A group with processes of its own cannot hand controllers to its children.
      await Deno.writeTextFile(`${CGROUP.target}/init/cgroup.procs`, "1");
      for (const group of ["", "/system", "/podruntime"]) {
        await handDown(`${CGROUP.target}${group}`);
      }
    },
  };
}

async function handDown(group: string): Promise<void> {
  const known = new Set((await Deno.readTextFile(`${group}/cgroup.controllers`)).trim().split(" "));
  const wanted = CONTROLLERS.split(" ").filter((name) => known.has(name.slice(1)));
  await Deno.writeTextFile(`${group}/cgroup.subtree_control`, wanted.join(" "));
}

function mountOne(mounter: Mounter, filesystem: Filesystem): void {
  Deno.mkdirSync(filesystem.target, { recursive: true });
  mounter.mount({ ...filesystem, source: filesystem.type });
}
