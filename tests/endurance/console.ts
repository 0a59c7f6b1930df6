/** What a console tells of boots that went wrong though the machine came up. */
import { join } from "node:path";

/** Words of the kernel, of filesystems and of PID 1 that no boot after an orderly end has. */
const TROUBLE = [
  /Kernel panic|Oops:|BUG:|WARNING: CPU|Call Trace:|lockup|blocked for more than/,
  /segfault|general protection|Out of memory|oom-kill/,
  /I\/O error|Buffer I\/O|device-mapper: .*(?:error|corrupt)/,
  /XFS .*(?:Starting recovery|[Cc]orrupt|shutting down)|not properly unmounted|overlayfs: .*failed/,
  /[Uu]ncaught|[Uu]nhandled|boot stopped|task \w+ \(.*\): failed|sequence: failed/,
  /Cannot unmount|Cannot detach|read-only layers/,
];

/** The lines that tell of trouble. */
export function troublesIn(console: string): string[] {
  return console.split("\n").filter((line) => TROUBLE.some((pattern) => pattern.test(line)))
    .map((line) => line.trim());
}

/** Reads what a machine's console shows, from one boot on to the next. */
export class ConsoleTail {
  readonly #path: string;
  #from = 0;

  constructor({ directory }: { readonly directory: string }) {
    this.#path = join(directory, "console.log");
  }

  /** What has come since the last `next`. */
  async read(): Promise<string> {
    using file = await Deno.open(this.#path);
    await file.seek(this.#from, Deno.SeekMode.Start);
    const bytes = await new Response(file.readable).bytes();
    return new TextDecoder().decode(bytes);
  }

  /** Begins anew with what comes from now on. */
  async next(): Promise<void> {
    this.#from = (await Deno.stat(this.#path)).size;
  }
}
