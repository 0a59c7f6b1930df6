import assert from "node:assert/strict";
import { CAP, CAPSET } from "./capabilities.ts";
import { handledAccess, LANDLOCK } from "./landlock.ts";
import { RLIMIT } from "./rlimit.ts";
import { AUDIT_ARCH, DENIABLE, deniedSyscalls, denyFilter, SECCOMP } from "./seccomp.ts";
import { SPAWN } from "./spawn.ts";
import { layoutTest } from "./testing.ts";

function prefixed(prefix: string, table: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [prefix + name, value]));
}

layoutTest("capabilities.ts", ["linux/capability.h"], {
  ...prefixed("CAP_", CAP),
  "_LINUX_CAPABILITY_VERSION_3": CAPSET.version,
  "sizeof(struct __user_cap_header_struct)": CAPSET.headerSize,
  "_LINUX_CAPABILITY_U32S_3 * sizeof(struct __user_cap_data_struct)": CAPSET.dataSize,
});

layoutTest("landlock.ts", ["linux/landlock.h"], {
  "sizeof(struct landlock_path_beneath_attr)": LANDLOCK.pathBeneathSize,
  "offsetof(struct landlock_path_beneath_attr, allowed_access)": LANDLOCK.allowedAccess,
  "offsetof(struct landlock_path_beneath_attr, parent_fd)": LANDLOCK.parentFd,
  "sizeof(((struct landlock_ruleset_attr *)0)->handled_access_fs)": LANDLOCK.rulesetSize,
  "LANDLOCK_CREATE_RULESET_VERSION": LANDLOCK.CREATE_RULESET_VERSION,
  "LANDLOCK_RULE_PATH_BENEATH": LANDLOCK.RULE_PATH_BENEATH,
  "LANDLOCK_ACCESS_FS_EXECUTE": LANDLOCK.EXECUTE,
  "LANDLOCK_ACCESS_FS_WRITE_FILE": LANDLOCK.WRITE_FILE,
  "LANDLOCK_ACCESS_FS_READ_FILE": LANDLOCK.READ_FILE,
  "LANDLOCK_ACCESS_FS_READ_DIR": LANDLOCK.READ_DIR,
  "LANDLOCK_ACCESS_FS_REFER": LANDLOCK.REFER,
});

layoutTest("rlimit.ts RLIMIT", ["sys/resource.h"], prefixed("RLIMIT_", RLIMIT));

layoutTest("spawn.ts SPAWN", ["spawn.h", "signal.h"], {
  "sizeof(posix_spawn_file_actions_t)": SPAWN.fileActionsSize,
  "sizeof(posix_spawnattr_t)": SPAWN.attributesSize,
  "sizeof(sigset_t)": SPAWN.signalSetSize,
  "POSIX_SPAWN_SETSIGDEF": SPAWN.SETSIGDEF,
  "POSIX_SPAWN_SETSIGMASK": SPAWN.SETSIGMASK,
  "POSIX_SPAWN_SETSID": SPAWN.SETSID,
});

const numbers = Object.entries(DENIABLE[Deno.build.arch]).filter(([, n]) => n !== undefined);
layoutTest("seccomp.ts", ["sys/syscall.h", "linux/seccomp.h", "linux/audit.h"], {
  ...Object.fromEntries(numbers.map(([name, n]) => [`SYS_${name}`, n ?? -1])),
  "offsetof(struct seccomp_data, nr)": SECCOMP.number,
  "offsetof(struct seccomp_data, arch)": SECCOMP.arch,
  "SECCOMP_SET_MODE_FILTER": SECCOMP.SET_MODE_FILTER,
  "SECCOMP_RET_ALLOW": SECCOMP.RET_ALLOW,
  "SECCOMP_RET_ERRNO": SECCOMP.RET_ERRNO,
  "SECCOMP_RET_KILL_PROCESS": SECCOMP.RET_KILL_PROCESS,
  "AUDIT_ARCH_X86_64": AUDIT_ARCH.x86_64,
  "AUDIT_ARCH_AARCH64": AUDIT_ARCH.aarch64,
});

/** Runs `filter` as the kernel would, for call `number` of `arch`. */
function verdict(filter: ReturnType<typeof denyFilter>, number: number, arch: number): number {
  let loaded = 0;
  for (let at = 0; at < filter.length; at++) {
    const { op, k, jt = 0, jf = 0 } = filter[at] ?? { op: "RETURN", k: 0 };
    if (op === "RETURN") return k;
    else if (op === "LOAD_WORD") loaded = k === SECCOMP.arch ? arch : number;
    else if (op === "JUMP_EQUAL") at += loaded === k ? jt : jf;
    else if (op === "JUMP_GREATER_EQUAL") at += loaded >= k ? jt : jf;
  }
  return -1;
}

Deno.test("denyFilter() answers EPERM to each denied call and allows its neighbours", () => {
  for (const arch of ["x86_64", "aarch64"] as const) {
    const denied = deniedSyscalls();
    const filter = denyFilter(denied, arch);
    const refused = new Set<number>(denied.map((name) => DENIABLE[arch][name] ?? -1));
    for (let number = 0; number < 500; number++) {
      const want = refused.has(number) ? SECCOMP.RET_ERRNO | 1 : SECCOMP.RET_ALLOW;
      assert.equal(verdict(filter, number, AUDIT_ARCH[arch]), want, `${arch} ${number}`);
    }
  }
});

Deno.test("denyFilter() refuses x32 calls and ends a foreign architecture", () => {
  const filter = denyFilter(["mount"], "x86_64");
  const x32 = verdict(filter, 0x40000000 + 1, AUDIT_ARCH.x86_64);
  assert.equal(x32, SECCOMP.RET_ERRNO | 1);
  assert.equal(verdict(filter, 1, 0x40000003), SECCOMP.RET_KILL_PROCESS);
});

Deno.test("denyFilter() of nothing allows all", () => {
  assert.equal(verdict(denyFilter([], "aarch64"), 40, AUDIT_ARCH.aarch64), SECCOMP.RET_ALLOW);
});

Deno.test("deniedSyscalls() leaves out what is needed", () => {
  assert.ok(deniedSyscalls().includes("clock_settime"));
  assert.ok(!deniedSyscalls(["clock_settime"]).includes("clock_settime"));
});

Deno.test("handledAccess() asks each version for what it knows", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 9].map(handledAccess), [
    0x1fff,
    0x3fff,
    0x7fff,
    0x7fff,
    0xffff,
    0xffff,
  ]);
});
