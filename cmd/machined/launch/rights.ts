/** What each service process may do: user, capabilities, system calls, files, memory. */
import { UIDS } from "$lib/paths/mod.ts";
import { NODE_FILES, type Role, roleCommand } from "$lib/role/mod.ts";
import type { LandlockRules } from "$ffi/landlock.ts";
import type { LaunchSpec } from "$ffi/launcher.ts";
import { type DeniableSyscall, deniedSyscalls } from "$ffi/seccomp.ts";

/** The services that run as processes of their own. */
export type ServiceRole = keyof typeof UIDS & Role;

/** What one service keeps, beside what all of them lose. */
interface Rights {
  readonly keepCapabilities: NonNullable<LaunchSpec["privileges"]["keepCapabilities"]>;
  /** System calls it makes of those that no ordinary service needs. */
  readonly systemCalls?: readonly DeniableSyscall[];
  /** Files and trees it writes beside the directory of its socket. */
  readonly writes?: readonly string[];
  /** Services whose sockets it calls: it joins their groups. */
  readonly calls: readonly ServiceRole[];
  readonly memoryMib: number;
}

const RIGHTS: Record<ServiceRole, Rights> = {
  apid: { keepCapabilities: [], calls: ["routerd"], memoryMib: 256 },
  routerd: { keepCapabilities: [], calls: ["networkd", "timed"], memoryMib: 192 },
  networkd: {
    // SYS_ADMIN is for sethostname(2) and setdomainname(2) alone.
    keepCapabilities: ["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE", "SYS_ADMIN"],
    systemCalls: ["sethostname", "setdomainname"],
    // For accept_ra and ndisc_notify. The whole tree: below it parts are missing where IPv6 is turned off.
    writes: ["/system/etc", "/proc/sys/net"],
    calls: [],
    memoryMib: 128,
  },
  timed: {
    keepCapabilities: ["SYS_TIME"],
    systemCalls: ["clock_settime", "clock_adjtime"],
    writes: ["/dev"],
    calls: [],
    memoryMib: 128,
  },
  trustd: { keepCapabilities: [], calls: [], memoryMib: 128 },
};

/** Trees that every service reads: programs, libraries, names, and what the kernel tells. */
const READABLE = ["/usr", "/lib", "/lib64", "/etc", "/system/etc", "/proc", "/sys", "/dev"];

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
      deniedSyscalls: deniedSyscalls(RIGHTS[role].systemCalls),
      landlock: reachableFiles(role),
    },
    cgroup: `/sys/fs/cgroup/system/${role}`,
    // Between PID 1, which must never go, and the workload, which goes first.
    oomScoreAdj: -900,
  };
}

/** The files that stay reachable: all that is not named answers EACCES. */
function reachableFiles(role: ServiceRole): LandlockRules {
  return {
    read: READABLE,
    // The runtime starts nothing; it and its loader are started.
    execute: [NODE_FILES.runtime, "/lib64/ld-linux-x86-64.so.2"],
    write: [socketDirectory(role), ...RIGHTS[role].writes ?? []],
  };
}

/** The directory of the service's socket, its own; what trustd keeps lies there too. */
export function socketDirectory(role: ServiceRole): string {
  return `/system/run/${role}`;
}

/** The memory limit of a service's control group, bytes. */
export function memoryLimitBytes(role: ServiceRole): number {
  return RIGHTS[role].memoryMib << 20;
}
