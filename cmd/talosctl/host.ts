import type { PathEnvironment } from "$lib/talosconfig/mod.ts";

/** The file calls that commands make; `Deno` fits. */
export type HostFiles = Pick<
  typeof Deno,
  | "chmod"
  | "lstat"
  | "makeTempDir"
  | "mkdir"
  | "open"
  | "readDir"
  | "readFile"
  | "readTextFile"
  | "realPath"
  | "remove"
  | "rename"
  | "stat"
  | "symlink"
>;

/** A terminal taken over for a display that redraws itself. */
export interface Screen extends AsyncDisposable {
  /** Shows as much of `text` as fits, from the top. */
  draw(text: string): void;
  /** The letters that fit now. */
  size(): { readonly columns: number; readonly rows: number };
  /** Shows lines that fit, each over what was there: nothing flickers. */
  paint(lines: readonly string[]): void;
  /** The next key, or undefined when none is pressed within `ms` or the signal aborts. */
  key(ms: number, signal: AbortSignal): Promise<string | undefined>;
}

/** What talosctl asks of the machine it runs on; main.ts hands in the real one. */
export interface Host {
  readonly env: PathEnvironment & Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  readonly files: HostFiles;
  /** Whether someone sits at stdin and stdout. */
  readonly interactive: boolean;
  /** The command line that starts this program again, without arguments. */
  readonly self: readonly string[];
  /** The first line of stdin, or less when it ends sooner. */
  stdinLine(): Promise<string>;
  /** Opens a file in an editor, a command line, until the user closes it; gives its exit code. */
  edit(editor: string, path: string): Promise<number>;
  /** @throws {Error} when stdout is no terminal. */
  screen(): Screen;
}
