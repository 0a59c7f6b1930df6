/**
 * The roles of the node binary and the command line that starts each.
 *
 * One program plays every part on a node. In the *portable* layout it is the Deno runtime with one
 * bundle; in the *compiled* layout a single executable that carries both. The early stage, PID 1 and
 * the image builder (which warms the code cache with the same flags) must agree on the command, so
 * it is decided here.
 *
 * @module
 */

/** The parts that the node binary plays. */
export const ROLES = [
  "init",
  "machined",
  "apid",
  "routerd",
  "networkd",
  "timed",
  "trustd",
] as const;
export type Role = typeof ROLES[number];

/** Where things lie in the root filesystem of a node. */
export const NODE_FILES = {
  runtime: "/usr/bin/deno",
  bundle: "/usr/lib/node/node.js",
  cache: "/usr/lib/node/cache",
  compiled: "/usr/bin/node",
} as const;

/** A program with its arguments (argv[0] left out) and its whole environment. */
export interface Command {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * V8 flags of every role. Small young generation and one collector thread halve the memory that load
 * leaves behind, and they keep the code cache valid. Generating code from strings is off: nothing of
 * ours needs it. Servers ask for a collection when connections left memory that V8 does not count.
 */
export const V8_FLAGS: readonly string[] = [
  "--max-semi-space-size=1",
  "--single-threaded-gc",
  "--disallow-code-generation-from-strings",
  "--expose-gc",
];

/** Options of the runtime: no prompts, nothing fetched, no configuration of the surroundings read. */
export const RUNTIME_FLAGS: readonly string[] = [
  "run",
  "--allow-all",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--cached-only",
];

/** Environment of every role: the runtime stops without a place for its cache, even a read-only one. */
export const ROLE_ENV: Readonly<Record<string, string>> = {
  PATH: "/usr/bin:/usr/sbin:/bin:/sbin",
  HOME: "/",
  NO_COLOR: "1",
  DENO_NO_UPDATE_CHECK: "1",
  DENO_DIR: NODE_FILES.cache,
};

/** The command that starts `role` in the portable layout; `args` follow the role's name. */
export function roleCommand(role: Role, args: readonly string[] = []): Command {
  return {
    path: NODE_FILES.runtime,
    args: [
      ...RUNTIME_FLAGS,
      `--v8-flags=${V8_FLAGS.join(",")}`,
      NODE_FILES.bundle,
      role,
      ...args,
    ],
    env: ROLE_ENV,
  };
}

/** The command that starts `role` in the compiled layout, where the flags are part of the executable. */
export function compiledRoleCommand(role: Role, args: readonly string[] = []): Command {
  return { path: NODE_FILES.compiled, args: [role, ...args], env: ROLE_ENV };
}
