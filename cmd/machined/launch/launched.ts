import type { LaunchedProcess } from "$lib/service/mod.ts";
import type { LaunchedProcess as RawProcess } from "$ffi/launcher.ts";

/** Numbers of the signals that a runner sends. */
const SIGNALS = { SIGTERM: 15, SIGKILL: 9 } as const;
/** Names of the signals that end processes most. */
const SIGNAL_NAMES: Readonly<Record<number, string>> = {
  6: "SIGABRT",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
};

/** A started process in the terms of the service runner: signals by their names. */
export function plainProcess(child: RawProcess): LaunchedProcess {
  return {
    pid: child.pid,
    stdin: child.stdin as WritableStream<Uint8Array>,
    stdout: child.stdout,
    stderr: child.stderr,
    status: child.status.then(({ code, signal }) => ({
      code,
      signal: signal === undefined ? null : SIGNAL_NAMES[signal] ?? `signal ${signal}`,
    })),
    kill: (signal) => void child.kill(SIGNALS[signal]),
  };
}
