import { NODE_FILES, type Role, roleCommand } from "$lib/role/mod.ts";
import { run } from "./run.ts";

/** The files of a code cache; the runtime wants all three on a read-only file system. */
export const CACHE_FILES = ["v8_code_cache_v2", "v8_code_cache_v2-shm", "v8_code_cache_v2-wal"];

/**
 * Runs a program inside `root` as if it were the root of the system, so that the code cache holds the
 * paths that a node sees. Without root rights a user namespace does.
 */
export async function runInside(
  root: string,
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const inside = ["chroot", root, path, ...args];
  const command = Deno.uid() === 0 ? inside : ["unshare", "--map-root-user", ...inside];
  await run(command[0]!, command.slice(1), {
    env: { ...env, PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    clearEnv: true,
  });
}

/** Fills the code cache of a role: the runtime writes on the second run what it compiled on the first. */
export async function warmRole(root: string, role: Role): Promise<void> {
  const { path, args, env } = roleCommand(role, ["--warm"]);
  for (let turn = 0; turn < 2; turn++) await runInside(root, path, args, env);
}

/** Where a role's code cache lies. */
export const ROLE_CACHE = NODE_FILES.cache;
