/**
 * The far side of launch(): a Worker that gives up its thread's rights, starts one program, and ends.
 *
 * @module
 */
import { SyscallError } from "./errno.ts";
import { dropThreadPrivileges, type Privileges } from "./privileges.ts";
import { spawn, type SpawnRequest } from "./spawn.ts";

/** The name a launcher Worker is started under: a bundle that is its own Worker dispatches on it. */
export const LAUNCHER_NAME = "launcher";

/** What the Worker is told to do. */
export interface LaunchOrder {
  privileges: Privileges;
  program: SpawnRequest;
}

/** Said first, once an order would be heard: what comes before that is lost. */
export const LAUNCHER_READY = "ready";

/** What came of it: the pid, or which call failed. */
export type LaunchReply =
  | { pid: number }
  | { syscall: string; errno: number; subject: string }
  | { message: string };

/** The part of a Worker's global scope that serveLauncher() uses. */
export interface LauncherScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: LaunchReply | typeof LAUNCHER_READY): void;
}

/** Serves one order on `scope`, the Worker's own `self`; launch() ends the Worker after the reply. */
export function serveLauncher(scope: LauncherScope): void {
  scope.onmessage = ({ data }: MessageEvent<LaunchOrder>) => {
    scope.onmessage = null;
    scope.postMessage(carryOut(data));
  };
  scope.postMessage(LAUNCHER_READY);
}

/** All in one step: nothing asynchronous may start a thread that inherits half-dropped rights. */
function carryOut({ privileges, program }: LaunchOrder): LaunchReply {
  try {
    dropThreadPrivileges(privileges);
    return { pid: spawn(program) };
  } catch (error) {
    if (error instanceof SyscallError) {
      return { syscall: error.syscall, errno: error.errno, subject: error.subject };
    }
    return { message: error instanceof Error ? error.message : String(error) };
  }
}
