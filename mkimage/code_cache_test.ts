import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { rewriteDatabase } from "./code_cache.ts";
import { sha256 } from "./hash.ts";
import { Scratch } from "./testing.ts";

const ROWS: [string, number, bigint, Uint8Array][] = [
  ["file:///b", 1, -9007199254740993n, new Uint8Array([1, 2])],
  ["file:///a", 1, 5n, new Uint8Array(5000)],
];

function fill(path: string, rows: typeof ROWS): void {
  using database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode=WAL; CREATE TABLE c (s TEXT, t INTEGER, h INTEGER, d BLOB)");
  for (const row of rows) database.prepare("INSERT INTO c VALUES (?, ?, ?, ?)").run(...row);
}

Deno.test("rewriteDatabase() gives equal bytes for rows that came in another order", async () => {
  await using scratch = await Scratch.make();
  const [one, two] = [join(scratch.path, "1"), join(scratch.path, "2")];
  fill(one, ROWS);
  fill(two, ROWS.toReversed());
  rewriteDatabase(one, `${one}.new`);
  rewriteDatabase(two, `${two}.new`);
  const bytes = await Deno.readFile(`${one}.new`);
  assert.equal(sha256(bytes), sha256(await Deno.readFile(`${two}.new`)));
  using database = new DatabaseSync(`${one}.new`, { readOnly: true });
  const statement = database.prepare("SELECT h, length(d) AS n FROM c ORDER BY s");
  statement.setReadBigInts(true);
  const rows = statement.all().map(({ h, n }) => [h, n]);
  assert.deepEqual(rows, [[5n, 5000n], [-9007199254740993n, 2n]]);
  assert.ok(database.prepare("SELECT count(*) AS n FROM sqlite_stat1").get());
});
