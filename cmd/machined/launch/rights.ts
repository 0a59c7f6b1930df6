/** What each service process may do: user, capabilities, calls, memory. */
import { UIDS } from "$lib/paths/mod.ts";
import { type Role, roleCommand } from "$lib/role/mod.ts";
import type { LaunchSpec } from "$ffi/launcher.ts";

/** The services that run as processes of their own. */
export type ServiceRole = keyof typeof UIDS & Role;

/** What one service keeps, beside what all of them lose. */
interface Rights {
  readonly keepCapabilities: NonNullable<LaunchSpec["privileges"]["keepCapabilities"]>;
  /** Services whose sockets it calls: it joins their groups. */
  readonly calls: readonly ServiceRole[];
  readonly memoryMib: number;
}

const RIGHTS: Record<ServiceRole, Rights> = {
  apid: { keepCapabilities: [], calls: ["routerd"], memoryMib: 256 },
  routerd: { keepCapabilities: [], calls: ["networkd", "timed"], memoryMib: 192 },
  networkd: {
    // SYS_ADMIN is for sethostname(2) alone.
    keepCapabilities: ["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE", "SYS_ADMIN"],
    calls: [],
    memoryMib: 128,
  },
  timed: { keepCapabilities: ["SYS_TIME"], calls: [], memoryMib: 128 },
};

/** The order to launch `role`: its command, its user, and no right that it does not need. */
export function launchSpec(role: ServiceRole): LaunchSpec {
  const uid = UIDS[role];
  return {
    ...roleCommand(role),
    privileges: {
      uid,
      gid: uid,
      groups: RIGHTS[role].calls.map((called) => UIDS[called]),
      keepCapabilities: RIGHTS[role].keepCapabilities,
      noNewPrivileges: true,
    },
    cgroup: `/sys/fs/cgroup/system/${role}`,
    // Between PID 1, which must never go, and the workload, which goes first.
    oomScoreAdj: -900,
  };
}

/** The memory limit of a service's control group, bytes. */
export function memoryLimitBytes(role: ServiceRole): number {
  return RIGHTS[role].memoryMib << 20;
}
