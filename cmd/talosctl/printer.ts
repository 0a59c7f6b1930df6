import { type Output, tabulate } from "$lib/cli/mod.ts";

/** What commands print with. */
export class Printer {
  constructor(readonly output: Output) {}

  /** One line on stdout. */
  line(text: string): void {
    this.output.out(`${text}\n`);
  }

  /** Bytes or text on stdout as they are. */
  write(data: string | Uint8Array): void {
    this.output.out(data);
  }

  /** Rows lined up in columns, on stdout. */
  table(rows: readonly (readonly string[])[]): void {
    this.output.out(tabulate(rows));
  }

  /** One line on stderr: progress and remarks that are no result. */
  note(text: string): void {
    this.output.err(`${text}\n`);
  }
}
