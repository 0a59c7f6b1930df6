/**
 * Opens libc for the other files of this room, and numbers the syscalls that have no wrapper there,
 * or one that changes every thread of the process where the raw call changes one.
 *
 * @module
 */
import { cString } from "./memory.ts";
import { thunk, THUNK_SIZE } from "./thunk.ts";

/** Functions of libc by the name they get here; `name` is C's, where that differs. */
type Interface = Record<string, Deno.ForeignFunction>;

/** The typed functions of an opened library. */
export type Symbols<S extends Interface> = Deno.DynamicLibrary<S>["symbols"];

/**
 * The functions `interface_` of libc, opened at first use: the node binary holds every role in one
 * bundle and each role uses a few files of this room only. Where C reports -1, they give -errno:
 * see check() of errno.ts.
 */
export function libc<const S extends Interface>(interface_: S): { readonly symbols: Symbols<S> } {
  let opened: Symbols<S> | undefined;
  return {
    get symbols(): Symbols<S> {
      return opened ??= open(interface_) as Symbols<S>;
    },
  };
}

const PROT = { READ: 1, WRITE: 2, EXEC: 4 } as const;
const MAP = { PRIVATE: 0x02, ANONYMOUS: 0x20 } as const;
/** What mmap gives where it failed: (void *) -1. */
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** The functions as thunks, in memory of their own that is no longer written when it first runs. */
function open(interface_: Interface): Record<string, (...args: never[]) => unknown> {
  const { symbols: c } = Deno.dlopen("libc.so.6", {
    // void *dlsym(void *handle, const char *symbol)
    dlsym: { parameters: ["pointer", "buffer"], result: "pointer" },
    // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
    mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
    // int mprotect(void *addr, size_t len, int prot)
    mprotect: { parameters: ["pointer", "usize", "i32"], result: "i32" },
  });
  const addressOf = (name: string) => {
    const address = c.dlsym(null, cString(name));
    if (address === null) throw new TypeError(`Cannot open libc: it has no function "${name}"`);
    return Deno.UnsafePointer.value(address);
  };
  const functions = Object.entries(interface_);
  const size = functions.length * THUNK_SIZE;
  const memory = c.mmap(
    null,
    BigInt(size),
    PROT.READ | PROT.WRITE,
    MAP.PRIVATE | MAP.ANONYMOUS,
    -1,
    0n,
  );
  const start = Deno.UnsafePointer.value(memory);
  if (memory === null || start === MAP_FAILED) {
    throw new TypeError(`Cannot map ${size} bytes for calls to libc`);
  }
  const code = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(memory, size));
  const errnoLocation = addressOf("__errno_location");
  functions.forEach(([name, type], i) => {
    const resultBits = type.result === "i64" ? 64 : 32;
    const target = addressOf(type.name ?? name);
    code.set(thunk[Deno.build.arch]({ target, errnoLocation, resultBits }), i * THUNK_SIZE);
  });
  if (c.mprotect(memory, BigInt(size), PROT.READ | PROT.EXEC) !== 0) {
    throw new TypeError("Cannot make the code that calls libc executable: mprotect refused");
  }
  return Object.fromEntries(functions.map(([name, type], i) => {
    const entry = Deno.UnsafePointer.create<typeof type>(start + BigInt(i * THUNK_SIZE))!;
    const pointer = new Deno.UnsafeFnPointer(entry, type);
    return [name, (...args: never[]) => pointer.call(...args)];
  }));
}

/** Syscall numbers by architecture. */
export const SYSCALLS = {
  x86_64: {
    finit_module: 313n,
    setresuid: 117n,
    setresgid: 119n,
    setgroups: 116n,
    capget: 125n,
    capset: 126n,
    seccomp: 317n,
    landlock_create_ruleset: 444n,
    landlock_add_rule: 445n,
    landlock_restrict_self: 446n,
    pidfd_open: 434n,
    pidfd_send_signal: 424n,
  },
  aarch64: {
    finit_module: 273n,
    setresuid: 147n,
    setresgid: 149n,
    setgroups: 159n,
    capget: 90n,
    capset: 91n,
    seccomp: 277n,
    landlock_create_ruleset: 444n,
    landlock_add_rule: 445n,
    landlock_restrict_self: 446n,
    pidfd_open: 434n,
    pidfd_send_signal: 424n,
  },
} as const;

/** The syscall numbers of this machine, for the symbols that are all named `syscall`. */
export const SYS: Record<keyof typeof SYSCALLS["x86_64"], bigint> = SYSCALLS[Deno.build.arch];
