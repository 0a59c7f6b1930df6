/** How a program is run: its directory, extra environment, and whether its stderr is shown as it comes. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The whole environment is `env`. */
  readonly clearEnv?: boolean;
}

/** A program ended with an error; `stderr` holds what it said. */
export class ProgramError extends Error {
  override name = "ProgramError";
  constructor(readonly program: string, readonly code: number, readonly stderr: string) {
    super(`Cannot run ${program}: it ended with ${code}: ${lastLines(stderr)}`);
  }
}

/** Runs a program to its end and gives its standard output. @throws {ProgramError} when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const command = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { LC_ALL: "C.UTF-8", TZ: "UTC", ...options.env },
    ...(options.cwd ? { cwd: options.cwd } : {}),
    ...(options.clearEnv ? { clearEnv: true } : {}),
  });
  const { code, stdout, stderr } = await command.output();
  if (code !== 0) throw new ProgramError(program, code, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-5).join("; ");
}
