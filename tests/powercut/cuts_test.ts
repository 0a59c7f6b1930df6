import assert from "node:assert/strict";
import { cutsAtFlushes, cutsBetween, epochsOf } from "./cuts.ts";
import type { LogEntry } from "./log.ts";

const FLUSH: LogEntry = { kind: "flush", offset: 0, length: 0, dataAt: 0, durable: false };

function write(offset: number, more: Partial<LogEntry> = {}): LogEntry {
  return { kind: "write", offset, length: 4096, dataAt: offset, durable: false, ...more };
}

const [A, B, C, D] = [write(0), write(4096), write(8192), write(0, { durable: true })];
const EPOCHS = epochsOf([FLUSH, A, B, FLUSH, FLUSH, C, D, FLUSH]);

Deno.test("epochsOf() parts writes at flushes, and keeps what no flush follows", () => {
  assert.deepEqual(EPOCHS, [{ writes: [A, B] }, { writes: [C, D] }]);
  assert.deepEqual(epochsOf([A, FLUSH, B]), [{ writes: [A] }, { writes: [B] }]);
});

Deno.test("cutsAtFlushes() has the disk of before, and the one after each flush", () => {
  assert.deepEqual(cutsAtFlushes(EPOCHS), [0, 1, 2].map((epochs) => ({ epochs, kept: [] })));
});

Deno.test("cutsBetween() keeps any part of the unflushed writes, in order, and all that is durable", () => {
  const cuts = cutsBetween(EPOCHS, 200, 7);
  assert.equal(cuts.length, 200);
  const seen = new Set<string>();
  for (const { epochs, kept } of cuts) {
    const writes = EPOCHS[epochs]!.writes;
    const places = kept.map(({ entry }) => writes.indexOf(entry));
    assert.deepEqual(places, places.toSorted(), "in order");
    for (const { entry, length } of kept) {
      assert.ok(length > 0 && length <= entry.length && length % 512 === 0);
      if (entry === D) assert.equal(length, D.length);
    }
    seen.add(`${epochs}:${places}`);
  }
  // Each of the two epochs cut after its first and its last write; D, once issued, is always there.
  assert.deepEqual([...seen].sort(), ["0:", "0:0", "0:0,1", "0:1", "1:", "1:0", "1:0,1", "1:1"]);
  assert.ok(cuts.some(({ kept }) => kept.some(({ length }) => length < 4096)), "some are torn");
});

Deno.test("cutsBetween() cuts alike for the same seed", () => {
  assert.deepEqual(cutsBetween(EPOCHS, 20, 1), cutsBetween(EPOCHS, 20, 1));
  assert.notDeepEqual(cutsBetween(EPOCHS, 20, 1), cutsBetween(EPOCHS, 20, 2));
});
