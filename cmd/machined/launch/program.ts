/** Programs of the image: daemons with every right, and helpers that run to their end. */
import { ROLE_ENV } from "$lib/role/mod.ts";
import {
  describeEnd,
  type LaunchedProcess,
  type ProcessLauncher,
  textLines,
} from "$lib/service/mod.ts";
import { launch, type LaunchContext } from "$ffi/launcher.ts";
import { plainProcess } from "./launched.ts";

/** A program that runs as root with every right. */
export interface ProgramSpec {
  readonly path: string;
  readonly args: readonly string[];
  /** Added to PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /** Control group below the hierarchy's root; made first. */
  readonly cgroup?: string;
  readonly oomScoreAdj?: number;
}

/** Starts programs of the image. */
export function programLauncher(context: LaunchContext): ProcessLauncher<ProgramSpec> {
  return {
    async launch({ path, args, env = {}, cgroup, oomScoreAdj }): Promise<LaunchedProcess> {
      const group = cgroup === undefined ? undefined : `/sys/fs/cgroup${cgroup}`;
      if (group !== undefined) await Deno.mkdir(group, { recursive: true });
      return plainProcess(
        await launch(context, {
          path,
          args,
          env: { PATH: ROLE_ENV["PATH"] ?? "", ...env },
          privileges: { uid: 0, gid: 0, unrestricted: true },
          ...(group === undefined ? {} : { cgroup: group }),
          ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
        }),
      );
    },
  };
}

/** Lines of a failed program's output that its error tells. */
const TOLD_LINES = 5;

/** Runs a program to its end. @throws {Error} with the last lines it wrote when it fails or is late. */
export async function runProgram(
  launcher: ProcessLauncher<ProgramSpec>,
  spec: ProgramSpec,
  signal: AbortSignal,
): Promise<void> {
  const child = await launcher.launch(spec);
  const stop = () => child.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  try {
    const lines: string[] = [];
    const [status] = await Promise.all([
      child.status,
      child.stdin?.close(),
      ...[child.stdout, child.stderr].map(async (stream) => {
        if (!stream) return;
        for await (const line of textLines(stream)) {
          if (lines.push(line) > TOLD_LINES) lines.shift();
        }
      }),
    ]);
    signal.throwIfAborted();
    if (status.code === 0 && status.signal === null) return;
    throw new Error(`${spec.path} ${describeEnd(status)}: ${lines.join("; ")}`);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
