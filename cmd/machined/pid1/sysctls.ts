/** Kernel parameters by their dotted names. */
import { sysctlPath, writeSysctl } from "$ffi/sysctl.ts";
import type { Sysctls } from "../tasks/kspp.ts";

/** Those of the kernel that runs. Errors name the parameter and the value. */
export const kernelSysctls: Sysctls = {
  exists(name) {
    try {
      return Deno.statSync(sysctlPath(name)).isFile;
    } catch {
      return false;
    }
  },
  write(name, value) {
    try {
      writeSysctl(name, value);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`Cannot set sysctl "${name}" to "${value}": ${reason}`, { cause });
    }
  },
};
