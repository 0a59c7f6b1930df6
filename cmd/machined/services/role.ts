import {
  Latest,
  type LogStore,
  type ProcessLauncher,
  processRunner,
  type Service,
} from "$lib/service/mod.ts";
import type { ServiceRole } from "../launch/rights.ts";

/** What runs the node's own service processes. */
export interface RoleRunner {
  readonly launcher: ProcessLauncher<ServiceRole>;
  readonly logs: LogStore;
}

/** Where the configuration of a process comes from. */
export interface RoleInput<T> {
  readonly source: Latest<T>;
  /** The line for stdin; nothing is written while it gives undefined. */
  readonly line: (value: T | undefined) => string | undefined;
}

/** A `run` that keeps the process of `role`, its output in its log and its stdin fed. */
export function runRole<T = never>(
  { launcher, logs }: RoleRunner,
  role: ServiceRole,
  input?: RoleInput<T>,
): Service["run"] {
  const options = { launcher, spec: role, name: role, log: logs.writer(role) };
  if (!input) return processRunner(options);
  return async (signal, report) => {
    const over = new AbortController();
    try {
      const lines = linesOf(input, over.signal);
      await processRunner({ ...options, input: lines })(signal, report);
    } finally {
      over.abort();
    }
  };
}

/** The source's values as lines, each line once, until `signal` is aborted. */
function linesOf<T>({ source, line }: RoleInput<T>, signal: AbortSignal): Latest<string> {
  const lines = new Latest(line(source.value));
  (async () => {
    for await (const value of source.watch(signal)) {
      const next = line(value);
      if (next !== undefined && next !== lines.value) lines.set(next);
    }
  })();
  return lines;
}
