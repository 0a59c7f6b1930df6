import assert from "node:assert/strict";
import { LiveTable, tabulate } from "./table.ts";

// The wanted texts are what Go's text/tabwriter printed with (0, 0, 3, ' ', 0).
const CASES: { name: string; rows: string[][]; want: string }[] = [
  {
    name: "lines up columns with three spaces",
    rows: [["NODE", "TOTAL", "FREE"], ["node01", "7938", "1"]],
    want: "NODE     TOTAL   FREE\nnode01   7938    1\n",
  },
  {
    name: "keeps the padding before an empty last cell",
    rows: [["A", "B"], ["x", ""]],
    want: "A   B\nx   \n",
  },
  {
    name: "gives an empty column its padding",
    rows: [["CURRENT", "", "NAME"], ["*", "", "foo"]],
    want: "CURRENT      NAME\n*            foo\n",
  },
  {
    name: "starts a column anew after a row that lacks it",
    rows: [["long-name-here", "x", "y"], ["a"], ["b", "c", "d"]],
    want: "long-name-here   x   y\na\nb   c   d\n",
  },
  {
    name: "counts letters, not bytes",
    rows: [["└─ x", "1"], ["abcde", "2"]],
    want: "└─ x    1\nabcde   2\n",
  },
  { name: "prints nothing for no rows", rows: [], want: "" },
];
for (const { name, rows, want } of CASES) {
  Deno.test(`tabulate() ${name}`, () => assert.equal(tabulate(rows), want));
}

Deno.test("LiveTable.row() keeps columns as wide as the widest cell so far", () => {
  const table = new LiveTable();
  assert.equal(table.row("NODE", "ID", "X"), "NODE   ID   X\n");
  assert.equal(table.row("10.0.0.1", "a", "1"), "10.0.0.1   a    1\n");
  assert.equal(table.row("b", "a", "2"), "b          a    2\n");
});
