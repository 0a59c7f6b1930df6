import assert from "node:assert/strict";
import { memoryDisk } from "$lib/disk/testing.ts";
import { cutsAtFlushes, epochsOf } from "./cuts.ts";
import type { LogEntry } from "./log.ts";
import { Replay } from "./replay.ts";

const FLUSH: LogEntry = { kind: "flush", offset: 0, length: 0, dataAt: 0, durable: false };

function change(offset: number, dataAt: number, kind: "write" | "discard" = "write"): LogEntry {
  return { kind, offset, length: 512, dataAt, durable: false };
}

/** The log's sector n is full of the byte n. */
const LOG = memoryDisk(Uint8Array.from({ length: 4096 }, (_, i) => i >> 9));
const [A, B, C, D] = [
  change(0, 512),
  change(512, 1024),
  change(0, 1536),
  change(512, 0, "discard"),
];
const EPOCHS = epochsOf([A, B, FLUSH, C, D, FLUSH]);

Deno.test("Replay shows the disk after each flush, and what was changed since the last look", async () => {
  const disk = memoryDisk(1024);
  const replay = new Replay(disk, LOG, EPOCHS);
  const seen: [number, number, number][] = [];
  for (const cut of cutsAtFlushes(EPOCHS)) {
    await replay.at(cut, async (changed) => {
      seen.push([disk.bytes[0]!, disk.bytes[512]!, changed.length]);
    });
  }
  assert.deepEqual(seen, [[0, 0, 0], [1, 2, 2], [3, 0, 2]]);
});

Deno.test("Replay takes back what it kept of writes without a flush, also where they overlap", async () => {
  const disk = memoryDisk(1024);
  const replay = new Replay(disk, LOG, EPOCHS);
  const kept = [A, C].map((entry) => ({ entry, length: 512 }));
  await replay.at({ epochs: 0, kept }, async () => assert.equal(disk.bytes[0], 3));
  assert.deepEqual(disk.bytes, new Uint8Array(1024));
  await replay.at({ epochs: 1, kept: [] }, async () => assert.equal(disk.bytes[512], 2));
  await assert.rejects(replay.at({ epochs: 0, kept: [] }, async () => {}), RangeError);
});
