import assert from "node:assert/strict";
import { SNAPSHOT } from "../testing/kubernetes.ts";
import { saveSnapshot, SnapshotCheck } from "./etcd_snapshot.ts";

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

for (const size of [1, 31, 32, 33, 1_000, 5_000]) {
  Deno.test(`SnapshotCheck finds the checksum in pieces of ${size} bytes`, async () => {
    const whole = new SnapshotCheck();
    for await (const piece of pieces(SNAPSHOT, size)) whole.push(piece);
    assert.deepEqual([whole.fault(), whole.size], [undefined, SNAPSHOT.length]);
    const cut = new SnapshotCheck();
    for await (const piece of pieces(SNAPSHOT.slice(0, -1), size)) cut.push(piece);
    assert.match(cut.fault() ?? "", /checksum is wrong/);
  });
}

Deno.test("saveSnapshot() leaves an older snapshot alone when the new one is cut off", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/deep/db.snapshot`;
  assert.equal(await saveSnapshot(Deno, path, pieces(SNAPSHOT, 100)), SNAPSHOT.length);
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  const cut = pieces(SNAPSHOT.slice(0, 500), 100);
  await assert.rejects(saveSnapshot(Deno, path, cut), /Cannot save snapshot: its checksum/);
  const broken = (async function* () {
    yield SNAPSHOT.slice(0, 10);
    throw new RangeError("the connection broke");
  })();
  await assert.rejects(saveSnapshot(Deno, path, broken), /^RangeError: the connection broke/);
  assert.deepEqual(await Deno.readFile(path), new Uint8Array(SNAPSHOT));
  assert.equal((await Array.fromAsync(Deno.readDir(`${folder}/deep`))).length, 1);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("saveSnapshot() names the path that it cannot write", async () => {
  const refusal = /^Error: Cannot write "\/proc\/nowhere\/db": /;
  await assert.rejects(saveSnapshot(Deno, "/proc/nowhere/db", pieces(SNAPSHOT, 100)), refusal);
});
