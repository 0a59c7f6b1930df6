import assert from "node:assert/strict";
import { LogBuffer, MAX_LINE_BYTES } from "./log_buffer.ts";
import { settle } from "./testing.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function filled(lines: number, sizes = {}): LogBuffer {
  const buffer = new LogBuffer(sizes);
  for (let i = 0; i < lines; i++) buffer.append(`line ${i}`);
  return buffer;
}

for (
  const { lines, want } of [
    { lines: 0, want: "" },
    { lines: 1, want: "line 9\n" },
    { lines: 3, want: "line 7\nline 8\nline 9\n" },
    { lines: 99, want: text(filled(10).tail()) },
  ]
) {
  Deno.test(`LogBuffer.tail(${lines}) gives exactly that many lines, or all there are`, () => {
    assert.equal(text(filled(10).tail(lines)), want);
  });
}

Deno.test("LogBuffer holds nothing when new, then 16 KiB, and grows to 1 MiB", () => {
  const buffer = new LogBuffer();
  assert.equal(buffer.capacityBytes, 0);
  buffer.append("a");
  assert.equal(buffer.capacityBytes, 16 * 1024);
  for (let i = 0; i < 40_000; i++) buffer.append("x".repeat(100));
  assert.equal(buffer.capacityBytes, 1024 * 1024);
  const kept = buffer.tail();
  assert.ok(kept.length <= 1024 * 1024 - 2048, "the safety gap is left out");
  assert.ok(kept.length > 1024 * 1024 - 4096);
});

Deno.test("LogBuffer keeps whole lines across the end of the ring, whatever their lengths", () => {
  const buffer = new LogBuffer({ initialBytes: 64, maximumBytes: 1024, gapBytes: 100 });
  const all: string[] = [];
  for (let i = 0; i < 3_000; i++) {
    const line = `${i}:${"é".repeat(i % 37)}`;
    all.push(line);
    buffer.append(line);
    const kept = text(buffer.tail()).split("\n").slice(0, -1);
    assert.deepEqual(kept, all.slice(-kept.length), `after line ${i}`);
    assert.ok(kept.length > 0);
  }
});

Deno.test("LogBuffer.append() makes two lines of a line feed inside and cuts an over-long line", () => {
  const buffer = new LogBuffer();
  buffer.append("a\nb");
  assert.equal(text(buffer.tail(1)), "b\n");
  buffer.append("x".repeat(MAX_LINE_BYTES * 3));
  assert.equal(buffer.tail(1).length, MAX_LINE_BYTES);
  assert.equal(buffer.tail(1).at(-1), 10);
});

Deno.test("LogBuffer.follow() yields the tail, then each new line, and ends with its signal", async () => {
  const buffer = filled(5);
  const over = new AbortController();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const chunk of buffer.follow(over.signal, 2)) seen.push(text(chunk));
  })();
  await settle();
  buffer.append("new");
  await settle();
  buffer.append("newer");
  await settle();
  over.abort();
  await reading;
  assert.deepEqual(seen, ["line 3\nline 4\n", "new\n", "newer\n"]);
});

Deno.test("LogBuffer.follow() tells a reader that was overtaken what it missed, then resumes in order", async () => {
  const buffer = new LogBuffer();
  const over = new AbortController();
  const reader = buffer.follow(over.signal);
  buffer.append("first");
  assert.equal(text((await reader.next()).value!), "first\n");
  for (let i = 0; i < 100_000; i++) buffer.append(`event ${i} ${"x".repeat(20)}`);
  const note = text((await reader.next()).value!);
  const missed = Number(/^\[(\d+) bytes of log lost: the reader was too slow\]\n$/.exec(note)?.[1]);
  let rest = 0;
  let expected = -1;
  while (expected < 99_999) {
    const chunk = text((await reader.next()).value!);
    rest += chunk.length;
    for (const line of chunk.split("\n").slice(0, -1)) {
      const number = Number(/^event (\d+) x{20}$/.exec(line)?.[1]);
      assert.ok(expected < 0 || number === expected + 1, `${number} follows ${expected}`);
      expected = number;
    }
  }
  assert.equal(
    "first\n".length + missed + rest,
    buffer.writtenBytes,
    "every byte is accounted for",
  );
  over.abort();
  await reader.next();
});
