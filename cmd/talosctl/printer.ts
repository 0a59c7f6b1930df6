import { LiveTable, type Output, tabulate } from "$lib/cli/mod.ts";
import { recordText, rowText } from "./output/json.ts";

type Row = readonly string[];

/** What commands print with. */
export class Printer {
  /** Whether tables are printed as JSON: one object a row, as `get` prints resources. */
  json = false;

  constructor(readonly output: Output) {}

  /** One line on stdout. */
  line(text: string): void {
    this.output.out(`${text}\n`);
  }

  /** Bytes or text on stdout as they are. */
  write(data: string | Uint8Array): void {
    this.output.out(data);
  }

  /** Rows lined up in columns, on stdout; the first names the columns. */
  table(rows: readonly Row[], padding?: number): void {
    const [header = [], ...rest] = rows;
    this.output.out(
      this.json ? rest.map((row) => rowText(header, row)).join("") : tabulate(rows, padding),
    );
  }

  /** Rows of a name and its value, on stdout; an empty name goes on with the values of the last. */
  record(rows: readonly Row[]): void {
    this.output.out(this.json ? recordText(rows) : tabulate(rows));
  }

  /** A table whose rows are printed as they come; gives what prints one. */
  liveTable(header: Row, widths: readonly number[]): (...cells: string[]) => void {
    const table = new LiveTable(widths);
    if (!this.json) this.output.out(table.row(...header));
    return (...cells) => this.output.out(this.json ? rowText(header, cells) : table.row(...cells));
  }

  /** One line on stderr: progress and remarks that are no result. */
  note(text: string): void {
    this.output.err(`${text}\n`);
  }
}
