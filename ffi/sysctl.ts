/**
 * Kernel parameters under /proc/sys.
 *
 * @module
 */
import { Fd, O } from "./fd.ts";

/**
 * The file of `name`: dots part it, as in "net.ipv4.ip_forward"; a name with a slash in it is parted
 * by slashes alone, as in "net/ipv4/conf/eth0.1/rp_filter".
 */
export function sysctlPath(name: string, root = "/proc/sys"): string {
  const parts = name.split(name.includes("/") ? "/" : ".");
  if (parts.some((part) => part === "" || part === "." || part === "..")) {
    throw new TypeError(`Cannot find kernel parameter "${name}": not a name`);
  }
  return `${root}/${parts.join("/")}`;
}

/** Sets parameter `name`. @throws {SyscallError} ENOENT, EINVAL for a value it does not take, EPERM. */
export function writeSysctl(name: string, value: string): void {
  using file = Fd.open(sysctlPath(name), O.WRONLY);
  // One write: the kernel takes each for a whole value.
  file.write(new TextEncoder().encode(`${value}\n`));
}

/** The value of parameter `name`, without the newline. @throws {SyscallError} ENOENT, EACCES. */
export function readSysctl(name: string): string {
  using file = Fd.open(sysctlPath(name));
  const buffer = new Uint8Array(4096);
  return new TextDecoder().decode(buffer.subarray(0, file.read(buffer) ?? 0)).trimEnd();
}
