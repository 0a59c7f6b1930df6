/**
 * Loads kernel modules.
 *
 * @module
 */
import { check, isSyscallError } from "./errno.ts";
import { Fd } from "./fd.ts";
import { libc, SYS } from "./libc.ts";
import { cString } from "./memory.ts";

const c = libc({
  // int syscall(SYS_finit_module, int fd, const char *param_values, int flags)
  finitModule: { name: "syscall", parameters: ["i64", "i32", "buffer", "i32"], result: "i64" },
});

/** Flags of finit_module(2). */
export const MODULE_INIT = { COMPRESSED_FILE: 4 } as const;

/**
 * Loads the module file at `path` with `params` as on modprobe's command line; false when a module
 * of its name is loaded already. Its dependencies come first, by the caller.
 * @throws {SyscallError} ENOENT for a missing symbol or file, ENODEV, EKEYREJECTED when unsigned,
 * EPERM once modules are disabled.
 */
export function loadModule(path: string, params = "", flags = 0): boolean {
  using file = Fd.open(path);
  try {
    const text = cString(params);
    check("finit_module", c.symbols.finitModule(SYS.finit_module, file.number, text, flags), path);
    return true;
  } catch (error) {
    if (isSyscallError(error, "EEXIST")) return false;
    throw error;
  }
}
