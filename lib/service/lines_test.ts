import assert from "node:assert/strict";
import { textLines } from "./lines.ts";
import { MAX_LINE_BYTES } from "./log_buffer.ts";

async function split(...chunks: string[]): Promise<string[]> {
  const bytes = chunks.map((chunk) => new TextEncoder().encode(chunk));
  const lines: string[] = [];
  for await (const line of textLines(ReadableStream.from(bytes))) lines.push(line);
  return lines;
}

Deno.test("textLines() joins chunks, drops carriage returns and keeps empty lines", async () => {
  assert.deepEqual(await split("a\nb", "c\r\n\nd"), ["a", "bc", "", "d"]);
  assert.deepEqual(await split(), []);
  assert.deepEqual(await split("a\n"), ["a"]);
});

Deno.test("textLines() decodes a character that is split between chunks", async () => {
  const [a, b] = [new Uint8Array([0xc3]), new Uint8Array([0xa9, 10])];
  const lines: string[] = [];
  for await (const line of textLines(ReadableStream.from([a, b]))) lines.push(line);
  assert.deepEqual(lines, ["é"]);
});

Deno.test("textLines() cuts a line without end into pieces", async () => {
  const chunk = "x".repeat(10_000);
  const lines = await split(...Array.from({ length: 20 }, () => chunk));
  assert.ok(lines.every((line) => line.length <= MAX_LINE_BYTES));
  assert.equal(lines.join("").length, 200_000);
});
