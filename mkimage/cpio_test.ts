import assert from "node:assert/strict";
import { join } from "node:path";
import { cpioArchive, type CpioEntry, readCpio } from "./cpio.ts";
import { run } from "./run.ts";
import { Scratch } from "./testing.ts";
import { concat } from "./verity.ts";

const text = (value: string) => new TextEncoder().encode(value);
const ENTRIES: CpioEntry[] = [
  { type: "directory", path: "/etc", mode: 0o755 },
  { type: "file", path: "/etc/odd", mode: 0o600, content: text("hello") },
  { type: "file", path: "/etc/empty", mode: 0o644, content: text("") },
  { type: "symlink", path: "/bin", target: "usr/bin" },
  { type: "device", path: "/console", mode: 0o600, device: { major: 5, minor: 1 } },
];

Deno.test("cpioArchive() is read back as it was written", () => {
  assert.deepEqual([...readCpio(concat([...cpioArchive(ENTRIES, 42)]))], ENTRIES);
});

Deno.test("cpioArchive() gives what the cpio program lists, with fixed owner and time", async () => {
  await using scratch = await Scratch.make();
  const archive = join(scratch.path, "a.cpio");
  await Deno.writeFile(archive, concat([...cpioArchive(ENTRIES, 86_400 * 365)]));
  const listing = await run("cpio", ["--quiet", "-tvn", "-F", archive]);
  const rows = listing.trim().split("\n").map((row) => row.split(/\s+/));
  assert.deepEqual(rows.map((row) => row[0]), [
    "drwxr-xr-x",
    "-rw-------",
    "-rw-r--r--",
    "lrwxrwxrwx",
    "crw-------",
  ]);
  for (const row of rows) assert.deepEqual(row.slice(2, 4), ["0", "0"]);
  assert.match(listing, /Jan +1 +1971 etc\/odd/);
  assert.match(listing, /bin -> usr\/bin/);
  assert.match(listing, /5, +1 .*console/);
});

Deno.test("readCpio() refuses a cut-off archive and one that is none", () => {
  const whole = concat([...cpioArchive(ENTRIES, 0)]);
  assert.throws(() => [...readCpio(whole.subarray(0, 240))], SyntaxError);
  assert.throws(() => [...readCpio(text("x".repeat(200)))], /no header at byte 0/);
});
