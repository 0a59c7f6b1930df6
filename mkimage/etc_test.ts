import assert from "node:assert/strict";
import { UIDS } from "$lib/paths/mod.ts";
import { etcFiles } from "./etc.ts";

const FILES = etcFiles({ tag: "v1.2.3", sha: "abc", built: "1970-01-01T00:00:00Z" });

Deno.test("etcFiles() has no shadow file and nobody who could log in", () => {
  assert.equal(FILES.shadow, undefined);
  for (const row of FILES.passwd!.trim().split("\n")) {
    const fields = row.split(":");
    assert.equal(fields[1], "x", row);
    assert.equal(fields[6], "/usr/sbin/nologin", row);
  }
});

Deno.test("etcFiles() gives each service its user and group, and no others", () => {
  const users = FILES.passwd!.trim().split("\n").map((row) => row.split(":").slice(0, 3));
  const expected = Object.entries(UIDS).map(([name, id]) => [name, "x", String(id)]);
  assert.deepEqual(users, [["root", "x", "0"], ...expected]);
  const groups = FILES.group!.trim().split("\n").map((row) => row.split(":").slice(0, 3));
  assert.deepEqual(groups, users);
});

Deno.test("etcFiles() names the system and its version", () => {
  assert.match(FILES["os-release"]!, /^NAME="Talos"\nID=talos\nVERSION_ID=v1\.2\.3\n/);
});
