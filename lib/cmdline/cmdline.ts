/** One argument as it stood on the command line; `value` is absent when there was no `=`. */
export interface CmdlineArgument {
  readonly key: string;
  readonly value?: string;
}

/** The arguments of a kernel command line, in order, with repeated keys kept. */
export class KernelCmdline {
  constructor(readonly args: readonly CmdlineArgument[]) {}

  /**
   * Reads a command line as the kernel does: blanks part arguments, double quotes protect blanks,
   * and what follows a lone `--` belongs to init. Never throws: an open quote ends with the line.
   */
  static parse(line: string): KernelCmdline {
    const args: CmdlineArgument[] = [];
    for (const word of words(line)) {
      if (word === "--") break;
      args.push(argument(word));
    }
    return new KernelCmdline(args);
  }

  /** Whether `key` stands on the line, with or without a value. */
  has(key: string): boolean {
    return this.args.some((arg) => arg.key === key);
  }

  /** Every value of `key` in order; a key without `=` gives an empty string. */
  all(key: string): string[] {
    return this.args.filter((arg) => arg.key === key).map((arg) => arg.value ?? "");
  }

  /** The value that stands first, or nothing. */
  first(key: string): string | undefined {
    return this.all(key)[0];
  }

  /** The value that stands last, which is the one the kernel obeys, or nothing. */
  last(key: string): string | undefined {
    return this.all(key).at(-1);
  }

  /** The items of `key`, whether written as repeated arguments or with commas, without blanks. */
  list(key: string): string[] {
    return this.all(key).flatMap((value) => value.split(",")).filter((item) => item !== "");
  }

  /** The line again, quoted where a blank asks for it; parses back to the same arguments. */
  toString(): string {
    return this.args.map(formatArgument).join(" ");
  }
}

const BLANK = /[ \t\n\r\v\f\0]/;

/** Parts a line at blanks outside double quotes; the quotes stay in the words. */
function* words(line: string): Generator<string> {
  let word = "";
  let quoted = false;
  for (const char of line) {
    if (char === '"') quoted = !quoted;
    if (!quoted && BLANK.test(char)) {
      if (word !== "") yield word;
      word = "";
    } else word += char;
  }
  if (word !== "") yield word;
}

/** The kernel drops quotes around a whole word or a whole value, and keeps those inside. */
function argument(word: string): CmdlineArgument {
  const bare = unquote(word);
  const at = bare.indexOf("=");
  if (at <= 0) return { key: bare };
  const value = bare.slice(at + 1);
  return { key: bare.slice(0, at), value: word.startsWith('"') ? value : unquote(value) };
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.endsWith('"') && text.length > 1 ? text.slice(1, -1) : text.slice(1);
}

function formatArgument({ key, value }: CmdlineArgument): string {
  if (value === undefined) return BLANK.test(key) ? `"${key}"` : key;
  return BLANK.test(key) ? `"${key}=${value}"` : `${key}=${quote(value)}`;
}

function quote(value: string): string {
  return BLANK.test(value) ? `"${value}"` : value;
}
