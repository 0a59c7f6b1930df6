/**
 * Starts a program from the calling thread, so that it inherits that thread's rights.
 *
 * @module
 */
import { SyscallError } from "./errno.ts";
import { libc } from "./libc.ts";
import { cString, environmentStrings, keepAlive, StringVector } from "./memory.ts";

const c = libc({
  // int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *file_actions,
  //                 const posix_spawnattr_t *attrp, char *const argv[], char *const envp[])
  posix_spawn: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // int posix_spawn_file_actions_init(posix_spawn_file_actions_t *fa)
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  // int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *fa)
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  // int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *fa, int fd, int newfd)
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  // int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *fa, int from)
  posix_spawn_file_actions_addclosefrom_np: { parameters: ["buffer", "i32"], result: "i32" },
  // int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *fa, const char *path)
  posix_spawn_file_actions_addchdir_np: { parameters: ["buffer", "buffer"], result: "i32" },
  // int posix_spawnattr_init(posix_spawnattr_t *attr)
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  // int posix_spawnattr_destroy(posix_spawnattr_t *attr)
  posix_spawnattr_destroy: { parameters: ["buffer"], result: "i32" },
  // int posix_spawnattr_setflags(posix_spawnattr_t *attr, short flags)
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  // int posix_spawnattr_setsigmask(posix_spawnattr_t *attr, const sigset_t *sigmask)
  posix_spawnattr_setsigmask: { parameters: ["buffer", "buffer"], result: "i32" },
  // int posix_spawnattr_setsigdefault(posix_spawnattr_t *attr, const sigset_t *sigdefault)
  posix_spawnattr_setsigdefault: { parameters: ["buffer", "buffer"], result: "i32" },
});

/** Struct sizes of glibc, and flags of posix_spawnattr_setflags(3). */
export const SPAWN = {
  fileActionsSize: 80,
  attributesSize: 336,
  signalSetSize: 128,
  SETSIGDEF: 4,
  SETSIGMASK: 8,
  SETSID: 0x80,
} as const;

/** A program and what it starts with. */
export interface SpawnRequest {
  path: string;
  /** Arguments from argv[0] on. */
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Descriptors that become its 0, 1 and 2; it gets no others. */
  stdio: readonly [number, number, number];
  cwd?: string;
  /** Puts it in a session of its own, away from this terminal's signals. */
  newSession?: boolean;
}

/**
 * Starts the program and gives its pid; the caller waits for it. It has the credentials, filters and
 * namespaces of this thread, default signal handlers and no blocked signals.
 * @throws {SyscallError} ENOENT, EACCES and what else execve(2) says.
 */
export function spawn({ path, args, env, stdio, cwd, newSession }: SpawnRequest): number {
  const actions = new Uint8Array(SPAWN.fileActionsSize);
  const attributes = new Uint8Array(SPAWN.attributesSize);
  const argv = new StringVector(args);
  const envp = new StringVector(environmentStrings(env));
  const pid = new Int32Array(1);
  must("posix_spawn_file_actions_init", c.symbols.posix_spawn_file_actions_init(actions));
  must("posix_spawnattr_init", c.symbols.posix_spawnattr_init(attributes));
  try {
    addFileActions(actions, stdio, cwd);
    setAttributes(attributes, newSession ?? false);
    const program = cString(path);
    const { vector } = argv;
    must(
      "exec",
      c.symbols.posix_spawn(pid, program, actions, attributes, vector, envp.vector),
      path,
    );
    return pid[0] ?? 0;
  } finally {
    keepAlive(argv, envp);
    c.symbols.posix_spawn_file_actions_destroy(actions);
    c.symbols.posix_spawnattr_destroy(attributes);
  }
}

function addFileActions(
  actions: Uint8Array<ArrayBuffer>,
  stdio: readonly [number, number, number],
  cwd: string | undefined,
): void {
  stdio.forEach((fd, target) => {
    // A lower number could be overwritten by the action before it.
    if (fd <= 2 && fd !== target) throw new RangeError(`Cannot pass fd ${fd} as ${target}`);
    const result = c.symbols.posix_spawn_file_actions_adddup2(actions, fd, target);
    must("posix_spawn_file_actions_adddup2", result);
  });
  must("posix_spawn closefrom", c.symbols.posix_spawn_file_actions_addclosefrom_np(actions, 3));
  if (cwd === undefined) return;
  // glibc copies the text.
  const result = c.symbols.posix_spawn_file_actions_addchdir_np(actions, cString(cwd));
  must("posix_spawn chdir", result, cwd);
}

function setAttributes(attributes: Uint8Array<ArrayBuffer>, newSession: boolean): void {
  const none = new Uint8Array(SPAWN.signalSetSize);
  // Not sigfillset(3): it leaves out glibc's own two signals, which spawn then ignores for good.
  const all = new Uint8Array(SPAWN.signalSetSize).fill(0xff);
  const flags = SPAWN.SETSIGDEF | SPAWN.SETSIGMASK | (newSession ? SPAWN.SETSID : 0);
  must("posix_spawnattr_setflags", c.symbols.posix_spawnattr_setflags(attributes, flags));
  must("posix_spawnattr_setsigmask", c.symbols.posix_spawnattr_setsigmask(attributes, none));
  must("posix_spawnattr_setsigdefault", c.symbols.posix_spawnattr_setsigdefault(attributes, all));
}

/** These functions return the errno instead of setting it. */
function must(call: string, result: number, subject?: string): void {
  if (result !== 0) throw new SyscallError(result, call, subject);
}
