import type { Screen } from "./host.ts";

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";

/** The part of `text` that fits a terminal: whole lines from the top, each cut to the width. */
export function fitting(
  text: string,
  { columns, rows }: { columns: number; rows: number },
): string {
  return text.split("\n").slice(0, rows).map((line) => [...line].slice(0, columns).join(""))
    .join("\r\n");
}

/** Takes over the terminal until disposed. @throws {Error} when there is none. */
export function openScreen(write: (text: string) => void): Screen {
  if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) {
    throw new Error("Cannot use the terminal: stdin and stdout have to be one");
  }
  Deno.stdin.setRaw(true);
  write(ENTER);
  const keys = Deno.stdin.readable.getReader();
  let pending: Promise<string | undefined> | undefined;
  const read = async (): Promise<string | undefined> => {
    const { value } = await keys.read();
    return value && new TextDecoder().decode(value);
  };
  return {
    size: () => Deno.consoleSize(),
    paint: (lines) => write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}`),
    draw: (text) => write(`\x1b[H\x1b[2J${fitting(text, Deno.consoleSize())}`),
    key: async (ms, signal) => {
      // One read stays under way between calls: a key pressed while drawing is not lost.
      pending ??= read();
      const wait = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
      const silence = new Promise<undefined>((resolve) =>
        wait.addEventListener("abort", () => resolve(undefined), { once: true })
      );
      const key = await Promise.race([pending, silence]);
      if (key !== undefined) pending = undefined;
      return key;
    },
    [Symbol.asyncDispose]: async () => {
      write(LEAVE);
      Deno.stdin.setRaw(false);
      await keys.cancel().catch(() => {});
    },
  };
}
