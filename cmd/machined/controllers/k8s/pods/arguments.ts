/** Flags of a program, without the leading dashes. */
export type Flags = Readonly<Record<string, string>>;

/** Flags that are lists: what the user gives is added to what is there. */
const ADDITIVE: ReadonlySet<string> = new Set([
  "enable-admission-plugins",
  "disable-admission-plugins",
  "authorization-mode",
  "tls-cipher-suites",
  "controllers",
]);

/** The flags of a component with those that the user adds: lists grow, the rest is replaced. */
export function mergeFlags(flags: Flags, extra: Flags): Record<string, string> {
  const merged: Record<string, string> = { ...flags };
  for (const [name, value] of Object.entries(extra)) {
    const known = merged[name];
    merged[name] = ADDITIVE.has(name) && known !== undefined ? union(known, value) : value;
  }
  return merged;
}

/** A command line: the program, then its flags in the order of their names. */
export function commandLine(program: string, flags: Flags): string[] {
  const names = Object.keys(flags).sort();
  return [program, ...names.map((name) => `--${name}=${flags[name]}`)];
}

function union(a: string, b: string): string {
  const items = [...a.split(","), ...b.split(",")].map((item) => item.trim());
  return [...new Set(items)].filter((item) => item !== "").join(",");
}
