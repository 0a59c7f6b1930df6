import assert from "node:assert/strict";
import process from "node:process";
import { Duplex } from "node:stream";
import { coalesceWrites } from "./coalesce.ts";

function recording(): { socket: Duplex; writes: string[] } {
  const writes: string[] = [];
  const socket = new Duplex({
    read() {},
    write(chunk: Uint8Array, _encoding, done) {
      writes.push(new TextDecoder().decode(chunk));
      done();
    },
  });
  return { socket: coalesceWrites(socket), writes };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

Deno.test("coalesceWrites() joins what one turn of the event loop writes, in order", async () => {
  const { socket, writes } = recording();
  socket.write(bytes("a"));
  await Promise.resolve();
  socket.write(bytes("b"));
  process.nextTick(() => socket.write(bytes("c")));
  assert.deepEqual(writes, []);
  await turn();
  socket.write(bytes("d"));
  await turn();
  assert.deepEqual(writes, ["abc", "d"]);
});

Deno.test("coalesceWrites() writes what is held before the end", async () => {
  const { socket, writes } = recording();
  socket.write(bytes("a"));
  socket.end(bytes("b"));
  await turn();
  assert.deepEqual(writes, ["a", "b"]);
});

Deno.test("coalesceWrites() keeps the order when a writer waits for its write", async () => {
  const { socket, writes } = recording();
  socket.write(bytes("a"));
  await new Promise((resolve) => socket.write(bytes("b"), resolve));
  assert.deepEqual(writes, ["a", "b"]);
});

Deno.test("coalesceWrites() does not hold much back", () => {
  const { socket, writes } = recording();
  for (let at = 0; at < 5; at++) socket.write(new Uint8Array(20_000));
  assert.equal(writes.length, 1);
  assert.equal(writes[0]?.length, 80_000);
  socket.destroy();
});

Deno.test("coalesceWrites() writes nothing to a socket that was destroyed", async () => {
  const { socket, writes } = recording();
  socket.write(bytes("a"));
  socket.destroy();
  await turn();
  assert.deepEqual(writes, []);
});
