import { execute, type Output } from "$lib/cli/mod.ts";
import { denoHost } from "./deno_host.ts";
import { talosctl } from "./program.ts";
import { proxyExceptions } from "./proxy_exceptions.ts";
import type { Session } from "./session.ts";

/** Exit code of a program that a broken pipe ended (128 + SIGPIPE). */
const BROKEN_PIPE = 141;
/** Exit code of a program that an interrupt ended (128 + SIGINT). */
const INTERRUPTED = 130;

const encoder = new TextEncoder();

/** Writes all of `data`; a reader that went away (`| head`) ends the program quietly. */
function writeAll(
  stream: { writeSync(bytes: Uint8Array): number },
  data: string | Uint8Array,
): void {
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(BROKEN_PIPE);
    throw error;
  }
}

const output: Output = {
  out: (data) => writeAll(Deno.stdout, data),
  err: (text) => writeAll(Deno.stderr, text),
};

/** Runs talosctl with `args` and gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  let session: Session | undefined;
  let interrupts = 0;
  const interrupt = (): void => {
    session?.interrupt();
    // The second one does not wait for anything to be put in order.
    if (++interrupts > 1 || !session) Deno.exit(INTERRUPTED);
  };
  // Read by the runtime with each client it makes.
  Deno.env.set("NO_PROXY", proxyExceptions(Deno.env.toObject()));
  Deno.addSignalListener("SIGINT", interrupt);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", interrupt);
  const host = denoHost(Deno.env.toObject(), output);
  const code = await execute(talosctl(output, host, (opened) => session = opened), args, output);
  return interrupts > 0 ? INTERRUPTED : code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
