/**
 * Replaces this process by another program; the pid, the working directory and fds 0-2 stay.
 *
 * @module
 */
import { check } from "./errno.ts";
import { libc } from "./libc.ts";
import { cString, environmentStrings, keepAlive, StringVector } from "./memory.ts";

const c = libc({
  // int execve(const char *path, char *const argv[], char *const envp[])
  execve: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
});

/**
 * Runs `path` in place of this process: the kernel ends all other threads, and closes what is
 * O_CLOEXEC. `args` starts with argv[0]. Call it from the main thread, else the pid moves to it late.
 * @throws {SyscallError} ENOENT, EACCES, ENOEXEC; when it succeeds it does not return.
 */
export function execve(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): never {
  const argv = new StringVector(args);
  const envp = new StringVector(environmentStrings(env));
  const result = c.symbols.execve(cString(path), argv.vector, envp.vector);
  keepAlive(argv, envp);
  check("execve", result, path);
  throw new TypeError(`Cannot execve "${path}": it returned`);
}
