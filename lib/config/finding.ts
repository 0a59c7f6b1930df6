/** Where in a configuration something is: keys and list positions, from the top. */
export type Path = readonly (string | number)[];

/** One thing that is wrong, or odd, about a configuration. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  /** Counted from one; absent when the place is not in the text. */
  readonly line?: number;
  readonly column?: number;
}

/** `["machine", "disks", 0, "device"]` as `machine.disks[0].device`; odd keys are quoted. */
export function formatPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z0-9_-]+$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(shorten(part))}]`;
  }
  return text;
}

/** The findings as one text, in the form that 0.9 prints: a count and one line each. */
export function multierror(findings: readonly Finding[]): string {
  const count = findings.length === 1 ? "1 error" : `${findings.length} errors`;
  return `${count} occurred:\n${findings.map((f) => `\t* ${f.message}\n`).join("")}\n`;
}

/** A finding with its place in the file: `config.yaml:12:5: …`, or without one what it is about. */
export function describe(finding: Finding, file: string): string {
  const { line, column, message } = finding;
  return line === undefined ? `${file}: ${message}` : `${file}:${line}:${column ?? 1}: ${message}`;
}

/** Whether `path` lies at or below `above`. */
export function isUnder(path: Path, above: Path): boolean {
  return above.length <= path.length && above.every((part, i) => part === path[i]);
}

/** `text`, cut to a length that fits a message. */
export function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
