/** Spaces between the columns of every table. */
const PADDING = 3;

/** Letters as a terminal counts them. */
function width(cell: string): number {
  return [...cell].length;
}

/**
 * Lines up `rows` the way Go's text/tabwriter does with padding 3: each cell but the last of a row
 * ends a column, and a column is as wide as the widest cell of the consecutive rows that have it.
 * Rows are joined with newlines and the last one ends with one.
 */
export function tabulate(rows: readonly (readonly string[])[], padding = PADDING): string {
  const widths: number[][] = rows.map(() => []);
  const columns = Math.max(0, ...rows.map((row) => row.length - 1));
  for (let column = 0; column < columns; column++) {
    let start = 0;
    while (start < rows.length) {
      let end = start;
      let widest = 0;
      while (end < rows.length && column < (rows[end]?.length ?? 0) - 1) {
        widest = Math.max(widest, width(rows[end]?.[column] ?? ""));
        end++;
      }
      for (let row = start; row < end; row++) widths[row]?.push(widest + padding);
      start = end === start ? end + 1 : end;
    }
  }
  return rows.map((row, index) => line(row, widths[index] ?? [])).join("");
}

function line(row: readonly string[], widths: readonly number[]): string {
  const last = row.length - 1;
  const cells = row.map((cell, column) =>
    column === last ? cell : cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - width(cell)))
  );
  return cells.join("") + "\n";
}

/**
 * A table whose rows are printed as they come: a column keeps the widest cell seen so far, so lines
 * stay aligned without waiting for the end of a stream.
 */
export class LiveTable {
  readonly #widths: number[];

  /** Columns start at `widths`, for cells that are known to come. */
  constructor(widths: readonly number[] = []) {
    this.#widths = widths.map((letters) => letters + PADDING);
  }

  /** The text of one more row, newline included. */
  row(...cells: string[]): string {
    for (const [column, cell] of cells.slice(0, -1).entries()) {
      this.#widths[column] = Math.max(this.#widths[column] ?? 0, width(cell) + PADDING);
    }
    return line(cells, this.#widths);
  }
}
