/** How a piece of text looks. */
export type Style = "plain" | "bold" | "dim" | "selected" | "good" | "warn" | "bad";

/** A piece of a line in one style. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** One line of a screen. */
export type Line = readonly Span[];

const CODES: Readonly<Record<Style, string>> = {
  plain: "",
  bold: "\x1b[1m",
  dim: "\x1b[2m",
  selected: "\x1b[7m",
  good: "\x1b[32m",
  warn: "\x1b[33m",
  bad: "\x1b[31m",
};
const RESET = "\x1b[0m";

/** A piece of text. */
export function span(text: string, style: Style = "plain"): Span {
  // What a node sends is shown, never acted on by the terminal.
  // deno-lint-ignore no-control-regex
  return { text: text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, " "), style };
}

/** Letters in a line. */
export function widthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + [...text].length, 0);
}

/** The line made exactly `width` letters wide: cut, or filled with blanks. */
export function fitLine(line: Line, width: number): Line {
  const fitted: Span[] = [];
  let left = width;
  for (const { text, style } of line) {
    if (left === 0) break;
    const letters = [...text].slice(0, left);
    fitted.push({ text: letters.join(""), style });
    left -= letters.length;
  }
  return left > 0 ? [...fitted, span(" ".repeat(left))] : fitted;
}

/** Blocks of lines side by side, each in a column of the given width. */
export function beside(
  columns: readonly { readonly lines: readonly Line[]; readonly width: number }[],
): Line[] {
  const rows = Math.max(0, ...columns.map(({ lines }) => lines.length));
  return Array.from(
    { length: rows },
    (_, row) => columns.flatMap(({ lines, width }) => fitLine(lines[row] ?? [], width)),
  );
}

/** A line as a terminal shows it. */
export function ansi(line: Line): string {
  return line.map(({ text, style }) => style === "plain" ? text : `${CODES[style]}${text}${RESET}`)
    .join("");
}

/** A line without its styles. */
export function plain(line: Line): string {
  return line.map(({ text }) => text).join("");
}
