import { execute, type Output } from "$lib/cli/mod.ts";
import type { Host } from "./host.ts";
import { talosctl } from "./program.ts";
import type { Session } from "./session.ts";

/** Writes all of `bytes`; a reader that went away (`| head`) ends the program quietly. */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(141);
    throw error;
  }
}

const encoder = new TextEncoder();

const output: Output = {
  out: (data) => writeAll(Deno.stdout, typeof data === "string" ? encoder.encode(data) : data),
  err: (text) => writeAll(Deno.stderr, encoder.encode(text)),
};

const host: Host = {
  env: (name) => Deno.env.get(name),
  home: Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? "/",
  get cwd() {
    return Deno.cwd();
  },
  async readTextIfPresent(path) {
    try {
      return await Deno.readTextFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  },
};

/** Runs talosctl with `args` and gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  let session: Session | undefined;
  const stop = (): void => session ? session.interrupt() : Deno.exit(130);
  Deno.addSignalListener("SIGINT", stop);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
  return await execute(talosctl(output, host, (opened) => session = opened), args, output);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
