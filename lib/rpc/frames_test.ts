import assert from "node:assert/strict";
import { Code } from "@connectrpc/connect";
import { concatBytes, frameOf, FrameSplitter, FrameWatch, rawFrame } from "./frames.ts";

const MESSAGES = [new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(3_000).fill(7)];
const WIRE = concatBytes(MESSAGES.map((message) => frameOf(message)));

function chunked(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

for (const size of [1, 2, 4, 5, 6, 100, 3_013, 10_000]) {
  Deno.test(`FrameSplitter gives the same messages for chunks of ${size} bytes`, () => {
    const splitter = new FrameSplitter(4_096);
    const got = chunked(WIRE, size).flatMap((chunk) => {
      const frames = splitter.push(chunk);
      assert.ok(Array.isArray(frames));
      return frames;
    });
    assert.deepEqual(got.map(({ message }) => [...message]), MESSAGES.map((m) => [...m]));
    assert.equal(splitter.heldBytes, 0);
  });

  Deno.test(`FrameWatch is complete exactly between messages, chunks of ${size} bytes`, () => {
    const watch = new FrameWatch(4_096);
    let passed = 0;
    for (const chunk of chunked(WIRE, size)) {
      assert.equal(watch.pass(chunk), undefined);
      passed += chunk.length;
      assert.equal(watch.complete, [5, 13, 3_018].includes(passed), `after ${passed} bytes`);
    }
  });
}

Deno.test("FrameWatch and FrameSplitter take the limit and refuse one byte more", () => {
  const header = (length: number): Uint8Array => frameOf(new Uint8Array(length)).subarray(0, 5);
  assert.equal(new FrameWatch(100).pass(header(100)), undefined);
  assert.equal(new FrameWatch(100).pass(header(101))?.code, Code.ResourceExhausted);
  assert.deepEqual(new FrameSplitter(100).push(header(100)), []);
  const refused = new FrameSplitter(100).push(header(101));
  assert.ok(!Array.isArray(refused) && refused.code === Code.ResourceExhausted);
});

Deno.test("FrameSplitter refuses a declared gigabyte without setting it aside", () => {
  const refused = new FrameSplitter(1 << 25).push(Uint8Array.of(0, 0x40, 0, 0, 0));
  assert.ok(!Array.isArray(refused) && refused.code === Code.ResourceExhausted);
});

Deno.test("FrameWatch and FrameSplitter refuse a flag byte that is none", () => {
  assert.equal(new FrameWatch(100).pass(Uint8Array.of(2))?.code, Code.Internal);
  const refused = new FrameSplitter(100).push(Uint8Array.of(9, 0, 0, 0, 0));
  assert.ok(!Array.isArray(refused) && refused.code === Code.Internal);
});

Deno.test("FrameSplitter holds a message of tiny chunks in memory of its own size", () => {
  const splitter = new FrameSplitter(1 << 20);
  const wire = frameOf(new Uint8Array(200_000).fill(1));
  for (let at = 0; at < wire.length - 1; at++) splitter.push(wire.subarray(at, at + 1));
  assert.equal(splitter.heldBytes, wire.length - 1);
  const frames = splitter.push(wire.subarray(wire.length - 1));
  assert.ok(Array.isArray(frames));
  assert.equal(frames[0]?.message.length, 200_000);
});

Deno.test("FrameSplitter hands out messages that later chunks do not change", () => {
  const splitter = new FrameSplitter(100);
  const chunk = frameOf(Uint8Array.of(1, 2));
  const frames = splitter.push(chunk);
  chunk.fill(9);
  assert.ok(Array.isArray(frames));
  assert.deepEqual([...frames[0]!.message], [1, 2]);
});

Deno.test("rawFrame() keeps the compressed flag", () => {
  assert.deepEqual([...rawFrame({ compressed: true, message: Uint8Array.of(5) })], [
    1,
    0,
    0,
    0,
    1,
    5,
  ]);
});
