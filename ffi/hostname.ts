/**
 * The names of this machine in the kernel.
 *
 * @module
 */
import { check } from "./errno.ts";
import { libc } from "./libc.ts";

const c = libc({
  // int sethostname(const char *name, size_t len)
  sethostname: { parameters: ["buffer", "usize"], result: "i32" },
  // int setdomainname(const char *name, size_t len)
  setdomainname: { parameters: ["buffer", "usize"], result: "i32" },
});

/** Sets the host name. @throws {SyscallError} EINVAL above 64 bytes, EPERM. */
export function setHostname(name: string): void {
  const bytes = new TextEncoder().encode(name);
  check("sethostname", c.symbols.sethostname(bytes, BigInt(bytes.length)), name);
}

/** Sets the domain name. @throws {SyscallError} EINVAL above 64 bytes, EPERM. */
export function setDomainName(name: string): void {
  const bytes = new TextEncoder().encode(name);
  check("setdomainname", c.symbols.setdomainname(bytes, BigInt(bytes.length)), name);
}
