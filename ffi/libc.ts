/**
 * Opens libc for the other files of this room, and numbers the syscalls that have no wrapper there,
 * or one that changes every thread of the process where the raw call changes one.
 *
 * @module
 */

/** The typed functions of an opened library. */
export type Symbols<S extends Deno.ForeignLibraryInterface> = Deno.DynamicLibrary<S>["symbols"];

/**
 * The functions `interface_` of libc, opened at first use: the node binary holds every role in one
 * bundle and each role uses a few files of this room only.
 */
export function libc<const S extends Deno.ForeignLibraryInterface>(
  interface_: S,
): { readonly symbols: Symbols<S> } {
  let opened: Symbols<S> | undefined;
  return {
    get symbols(): Symbols<S> {
      return opened ??= Deno.dlopen("libc.so.6", interface_).symbols;
    },
  };
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
