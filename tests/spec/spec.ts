import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execute, type Output } from "$lib/cli/mod.ts";
import { denoHost } from "../../cmd/talosctl/deno_host.ts";
import type { Host } from "../../cmd/talosctl/host.ts";
import { talosctl } from "../../cmd/talosctl/program.ts";

/** talosctl's entry in this checkout. */
export const MAIN = join(
  dirname(dirname(dirname(fileURLToPath(import.meta.url)))),
  ...["cmd", "talosctl", "main.ts"],
);

/** What a run of talosctl did. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that is home and working directory of one user of talosctl. */
export class Home implements AsyncDisposable {
  readonly #before = Deno.cwd();

  private constructor(readonly path: string) {
    Deno.chdir(path);
  }

  static async make(): Promise<Home> {
    return new Home(await Deno.makeTempDir({ prefix: "talosctl-spec-" }));
  }

  /** Runs talosctl in this process: the whole program but for the few lines of its main. */
  async run(
    args: readonly string[],
    env: Record<string, string> = {},
    over: Partial<Host> = {},
  ): Promise<Run> {
    const run = { stdout: "", stderr: "" };
    const decoder = new TextDecoder();
    const output: Output = {
      out: (data) => void (run.stdout += typeof data === "string" ? data : decoder.decode(data)),
      err: (text) => void (run.stderr += text),
    };
    const host = { ...denoHost({ HOME: this.path, ...env }, output), ...over };
    return { code: await execute(talosctl(output, host), args, output), ...run };
  }

  /** Starts talosctl as a process of its own. */
  spawn(
    args: readonly string[],
    options: Pick<Deno.CommandOptions, "stdout" | "stderr"> = {},
  ): Deno.ChildProcess {
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", MAIN, ...args],
      env: { HOME: this.path, TALOSCONFIG: "" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...options,
    }).spawn();
  }

  /** A path inside the home. */
  at(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Deno.chdir(this.#before);
    await Deno.remove(this.path, { recursive: true });
  }
}

/**
 * Whether `actual` is what `wanted` says: the same text, but that `[WILDCARD]` stands for anything
 * on its line.
 */
export function matches(actual: string, wanted: string): boolean {
  const pattern = wanted.split("[WILDCARD]")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^\\n]*");
  return new RegExp(`^${pattern}$`).test(actual);
}
