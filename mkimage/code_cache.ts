import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { NODE_FILES, type Role, roleCommand } from "$lib/role/mod.ts";
import { run } from "./run.ts";
import type { Tree } from "./tree.ts";

/** The databases of the runtime's cache. */
const DATABASES = ["v8_code_cache_v2", "dep_analysis_cache_v2", "node_analysis_cache_v2"] as const;
/** Sizes of the write-ahead log's header and of its index, bytes. */
const LOG = { header: 32, index: 32 * 1024 } as const;

/** Fills the code cache of roles with exactly the command that starts each on a node. */
export async function warmRoles(tree: Tree, roles: readonly Role[]): Promise<void> {
  await warm(tree, NODE_FILES.cache, roles.map((role) => roleCommand(role, ["--warm"])));
}

/** Fills the code cache of /init, with the environment that the kernel gives it. */
export async function warmInit(tree: Tree): Promise<void> {
  const env = { HOME: "/", TERM: "linux" };
  await warm(tree, "/.cache/deno", [{ path: "/init", args: ["--warm"], env }]);
}

interface Command {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function warm(tree: Tree, cache: string, commands: readonly Command[]): Promise<void> {
  const self = tree.host("/proc/self");
  const borrowed = await Deno.lstat(self).then(() => false, () => true);
  // The runtime asks for its own path; the tree has no /proc of its own yet.
  if (borrowed) await tree.symlink("/proc/self/exe", NODE_FILES.runtime);
  try {
    for (const command of commands) {
      // The second run stores what the first one compiled.
      for (let turn = 0; turn < 2; turn++) await runInside(tree.root, command);
    }
  } finally {
    if (borrowed) await Deno.remove(self, { recursive: true });
  }
  await settle(tree, cache);
}

/**
 * Runs a program inside `root` as if it were the root of the system, so that the code cache holds the
 * paths that a node sees. Without root rights a user namespace does.
 */
async function runInside(root: string, { path, args, env }: Command): Promise<void> {
  const inside = ["chroot", root, path, ...args];
  const command = Deno.uid() === 0 ? inside : ["unshare", "--map-root-user", ...inside];
  const search = "/usr/sbin:/usr/bin:/sbin:/bin";
  await run(command[0]!, command.slice(1), { env: { PATH: search, ...env }, clearEnv: true });
}

/** Replaces a cache by one of the same rows in a fixed order; what else the runtime left is dropped. */
async function settle(tree: Tree, cache: string): Promise<void> {
  const from = tree.host(cache) + ".warm";
  await Deno.rename(tree.host(cache), from);
  await tree.directory(cache);
  for (const name of DATABASES) {
    const path = `${cache}/${name}`;
    rewriteDatabase(join(from, name), tree.host(path));
    // A database in this mode is read on a read-only file system only when log and index are there.
    await tree.write(`${path}-wal`, new Uint8Array(LOG.header));
    await tree.write(`${path}-shm`, new Uint8Array(LOG.index));
    await Deno.chmod(tree.host(path), 0o644);
  }
  await Deno.remove(from, { recursive: true });
}

/**
 * Writes the tables of a database anew, rows in order of their keys: V8's data is the same in each run,
 * only where SQLite puts it is not. Without the tables of ANALYZE the runtime would try to write them,
 * fail, and do without its cache.
 */
export function rewriteDatabase(from: string, to: string): void {
  using source = new DatabaseSync(from);
  using target = new DatabaseSync(to);
  target.exec("PRAGMA page_size=4096; PRAGMA journal_mode=WAL");
  const tables = rowsOf(
    source,
    "SELECT name, sql FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
  );
  for (const { name, sql } of tables) {
    target.exec(String(sql));
    for (const row of rowsOf(source, `SELECT * FROM "${name}" ORDER BY 1, 2`)) {
      const values = Object.values(row);
      const marks = values.map(() => "?").join(", ");
      target.prepare(`INSERT INTO "${name}" VALUES (${marks})`).run(...values);
    }
  }
  target.exec("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)");
}

function rowsOf(database: DatabaseSync, sql: string) {
  const statement = database.prepare(sql);
  statement.setReadBigInts(true);
  return statement.all();
}
