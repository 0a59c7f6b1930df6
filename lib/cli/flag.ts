/** What a flag's value looks like on the command line; help prints it, completion asks it. */
export type FlagKind = "bool" | "string" | "strings" | "int" | "float" | "duration";

/** One flag of a command: how it is written, what it falls back to, and how text becomes a value. */
export interface Flag<T> {
  readonly kind: FlagKind;
  readonly summary: string;
  readonly fallback: T;
  /** One letter, without the dash. */
  readonly short?: string;
  readonly required: boolean;
  /** Hidden flags work but help and completion leave them out. */
  readonly hidden: boolean;
  /** The only values that are accepted, for completion too. */
  readonly choices?: readonly string[];
  /** What help prints as the default where the real one depends on the machine. */
  readonly shownFallback?: string;
  /** Takes one occurrence; lists grow by `previous`. @throws {Error} when `raw` is no such value. */
  parse(raw: string, previous: T | undefined): T;
}

/** The flags of one command, by camelCase name; the command line writes them in kebab-case. */
export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** The values a command's run sees. */
export type Values<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never;
};

/** What every kind of flag may set. */
export interface FlagOptions<T> {
  readonly short?: string;
  readonly fallback?: T;
  readonly required?: boolean;
  readonly hidden?: boolean;
  readonly choices?: readonly string[];
  readonly shownFallback?: string;
}

function make<T>(
  kind: FlagKind,
  summary: string,
  fallback: T,
  options: FlagOptions<T>,
  parse: (raw: string, previous: T | undefined) => T,
): Flag<T> {
  return {
    kind,
    summary,
    fallback: options.fallback ?? fallback,
    required: options.required ?? false,
    hidden: options.hidden ?? false,
    ...(options.short === undefined ? {} : { short: options.short }),
    ...(options.choices === undefined ? {} : { choices: options.choices }),
    ...(options.shownFallback === undefined ? {} : { shownFallback: options.shownFallback }),
    parse,
  };
}

/** The items between commas, without the space around them; empty ones are none. */
export function splitList(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

/** The kinds of flags a command can have. */
export const flag = {
  boolean: (summary: string, options: FlagOptions<boolean> = {}): Flag<boolean> =>
    make("bool", summary, false, options, parseBoolean),
  /** A switch whose fallback the command decides when it runs: undefined when it is not written. */
  undecided: (summary: string, shownFallback: string): Flag<boolean | undefined> =>
    make<boolean | undefined>("bool", summary, undefined, { shownFallback }, parseBoolean),
  string: (summary: string, options: FlagOptions<string> = {}): Flag<string> =>
    make("string", summary, "", options, (raw) => raw),
  /** A list, filled by repeats and by commas. */
  list: (summary: string, options: FlagOptions<readonly string[]> = {}): Flag<readonly string[]> =>
    make("strings", summary, [], options, (raw, previous) => [
      ...(previous ?? []),
      ...splitList(raw),
    ]),
  int: (summary: string, options: FlagOptions<number> = {}): Flag<number> =>
    make("int", summary, 0, options, parseInteger),
  float: (summary: string, options: FlagOptions<number> = {}): Flag<number> =>
    make("float", summary, 0, options, parseFloatStrict),
  /** A Go duration such as `1m30s`; the value is in milliseconds. */
  duration: (summary: string, options: FlagOptions<number> = {}): Flag<number> =>
    make("duration", summary, 0, options, parseDurationMs),
};

function parseBoolean(raw: string): boolean {
  if (["1", "t", "true", "T", "True", "TRUE"].includes(raw)) return true;
  if (["0", "f", "false", "F", "False", "FALSE"].includes(raw)) return false;
  throw new SyntaxError(`"${raw}" is not true or false`);
}

function parseInteger(raw: string): number {
  if (!/^[+-]?\d+$/.test(raw) || !Number.isSafeInteger(Number(raw))) {
    throw new SyntaxError(`"${raw}" is not an integer`);
  }
  return Number(raw);
}

function parseFloatStrict(raw: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(raw)) throw new SyntaxError(`"${raw}" is not a number`);
  return Number(raw);
}

const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds of a Go duration (`1h2m3.5s`). @throws {SyntaxError} when it is none. */
export function parseDurationMs(raw: string): number {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+|0)$/.exec(raw);
  if (!match) throw new SyntaxError(`"${raw}" is not a duration such as 30s or 1h30m`);
  let total = 0;
  for (const [, number, unit] of (match[2] ?? "").matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(number) * (UNIT_MS[unit ?? ""] ?? 0);
  }
  return match[1] === "-" ? -total : total;
}

/** `milliseconds` the way Go prints a duration: `1h2m3s`, `1.5s`, `250ms`, `0s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return "0s";
  const sign = milliseconds < 0 ? "-" : "";
  const ms = Math.abs(milliseconds);
  if (ms < 1_000) return `${sign}${Number(ms.toFixed(6))}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${Number(((ms % 60_000) / 1_000).toFixed(9))}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

/** `certFingerprint` as it is written after two dashes: `cert-fingerprint`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
