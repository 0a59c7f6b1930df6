/**
 * Seccomp: refuses named system calls to a thread and all it starts.
 *
 * @module
 */
import { filterProgram, type Instruction } from "./bpf.ts";
import { check } from "./errno.ts";
import { libc, SYS } from "./libc.ts";
import { keepAlive } from "./memory.ts";

const c = libc({
  // int syscall(SYS_seccomp, unsigned int operation, unsigned int flags, void *args)
  seccomp: { name: "syscall", parameters: ["i64", "u32", "u32", "buffer"], result: "i64" },
});

/** Numbers of seccomp(2), and byte offsets in struct seccomp_data. */
export const SECCOMP = {
  SET_MODE_FILTER: 1,
  RET_ALLOW: 0x7fff0000,
  RET_ERRNO: 0x00050000,
  RET_KILL_PROCESS: 0x80000000,
  number: 0,
  arch: 4,
} as const;

/** AUDIT_ARCH_* of each architecture. */
export const AUDIT_ARCH = { x86_64: 0xc000003e, aarch64: 0xc00000b7 } as const;

/** Numbers of calls worth refusing, by architecture; none where the architecture lacks it. */
export const DENIABLE = {
  x86_64: {
    ptrace: 101,
    syslog: 103,
    pivot_root: 155,
    chroot: 161,
    acct: 163,
    settimeofday: 164,
    mount: 165,
    umount2: 166,
    swapon: 167,
    swapoff: 168,
    reboot: 169,
    sethostname: 170,
    setdomainname: 171,
    iopl: 172,
    ioperm: 173,
    init_module: 175,
    delete_module: 176,
    quotactl: 179,
    clock_settime: 227,
    kexec_load: 246,
    add_key: 248,
    request_key: 249,
    keyctl: 250,
    unshare: 272,
    perf_event_open: 298,
    name_to_handle_at: 303,
    open_by_handle_at: 304,
    clock_adjtime: 305,
    setns: 308,
    process_vm_readv: 310,
    process_vm_writev: 311,
    kcmp: 312,
    finit_module: 313,
    kexec_file_load: 320,
    bpf: 321,
    userfaultfd: 323,
    io_uring_setup: 425,
    open_tree: 428,
    move_mount: 429,
    fsopen: 430,
    fsconfig: 431,
    fsmount: 432,
    fspick: 433,
    pidfd_getfd: 438,
    mount_setattr: 442,
  },
  aarch64: {
    ptrace: 117,
    syslog: 116,
    pivot_root: 41,
    chroot: 51,
    acct: 89,
    settimeofday: 170,
    mount: 40,
    umount2: 39,
    swapon: 224,
    swapoff: 225,
    reboot: 142,
    sethostname: 161,
    setdomainname: 162,
    iopl: undefined,
    ioperm: undefined,
    init_module: 105,
    delete_module: 106,
    quotactl: 60,
    clock_settime: 112,
    kexec_load: 104,
    add_key: 217,
    request_key: 218,
    keyctl: 219,
    unshare: 97,
    perf_event_open: 241,
    name_to_handle_at: 264,
    open_by_handle_at: 265,
    clock_adjtime: 266,
    setns: 268,
    process_vm_readv: 270,
    process_vm_writev: 271,
    kcmp: 272,
    finit_module: 273,
    kexec_file_load: 294,
    bpf: 280,
    userfaultfd: 282,
    io_uring_setup: 425,
    open_tree: 428,
    move_mount: 429,
    fsopen: 430,
    fsconfig: 431,
    fsmount: 432,
    fspick: 433,
    pidfd_getfd: 438,
    mount_setattr: 442,
  },
} as const;

/** A call that a filter can refuse. */
export type DeniableSyscall = keyof typeof DENIABLE["x86_64"];

/** Every deniable call but `except`: what no ordinary service needs. */
export function deniedSyscalls(except: readonly DeniableSyscall[] = []): DeniableSyscall[] {
  const all = Object.keys(DENIABLE.x86_64) as DeniableSyscall[];
  return all.filter((name) => !except.includes(name));
}

const EPERM = 1;
const X32_BIT = 0x40000000;

/** The filter that answers EPERM to each of `denied` and ends a process of a foreign architecture. */
export function denyFilter(
  denied: readonly DeniableSyscall[],
  arch: keyof typeof DENIABLE = Deno.build.arch,
): Instruction[] {
  const numbers = denied.map((name) => DENIABLE[arch][name]).filter((n) => n !== undefined);
  // The x32 calls of x86_64 carry the same architecture and other numbers.
  const tests: Instruction[] = arch === "x86_64"
    ? [{ op: "JUMP_GREATER_EQUAL", k: X32_BIT, jt: numbers.length + 1 }]
    : [];
  numbers.forEach((k, i) => tests.push({ op: "JUMP_EQUAL", k, jt: numbers.length - i }));
  return [
    { op: "LOAD_WORD", k: SECCOMP.arch },
    { op: "JUMP_EQUAL", k: AUDIT_ARCH[arch], jt: 1 },
    { op: "RETURN", k: SECCOMP.RET_KILL_PROCESS },
    { op: "LOAD_WORD", k: SECCOMP.number },
    ...tests,
    { op: "RETURN", k: SECCOMP.RET_ALLOW },
    { op: "RETURN", k: SECCOMP.RET_ERRNO | EPERM },
  ];
}

/** Puts `filter` on this thread and all it starts, for good. Needs no_new_privs. */
export function setThreadFilter(filter: readonly Instruction[]): void {
  const program = filterProgram(filter);
  const result = c.symbols.seccomp(SYS.seccomp, SECCOMP.SET_MODE_FILTER, 0, program.bytes);
  check("seccomp", result);
  keepAlive(program.filter);
}
