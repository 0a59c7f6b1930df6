/** Kernel parameters by their dotted names, as files below /proc/sys. */
import type { Sysctls } from "../tasks/kspp.ts";

/** Reads and writes below `root`. Errors name the parameter and the value. */
export function procSysctls(root = "/proc/sys"): Sysctls {
  const path = (name: string) => {
    if (!/^[A-Za-z0-9_.\/-]+$/.test(name) || name.includes("..")) {
      throw new TypeError(`Cannot set sysctl "${name}": that is no parameter's name`);
    }
    // sysctl(8): where a slash stands, dots are part of names (net/ipv4/conf/eth0.100/…).
    return `${root}/${name.includes("/") ? name : name.replaceAll(".", "/")}`;
  };
  return {
    exists(name) {
      try {
        return Deno.statSync(path(name)).isFile;
      } catch {
        return false;
      }
    },
    write(name, value) {
      const file = path(name);
      try {
        Deno.writeTextFileSync(file, value, { create: false });
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`Cannot set sysctl "${name}" to "${value}": ${reason}`, { cause });
      }
    },
  };
}
