import assert from "node:assert/strict";
import { PacketReader, SwitchTable } from "./switch.ts";

const ALL = [255, 255, 255, 255, 255, 255];
const card = (last: number): number[] => [2, 0, 0, 0, 0, last];
const packet = (to: number[], from: number[]): Uint8Array =>
  Uint8Array.from([...to, ...from, 8, 0]);

function table(): SwitchTable<string> {
  const ports = new SwitchTable<string>();
  for (const name of ["up", "a", "b", "c"]) ports.plug(name, name === "up");
  return ports;
}

Deno.test("route() sends to everybody what is for all, and to one whom it has heard", () => {
  const ports = table();
  assert.deepEqual(ports.route("a", packet(ALL, card(1))), ["up", "b", "c"]);
  assert.deepEqual(ports.route("b", packet(card(1), card(2))), ["a"]);
  assert.deepEqual(ports.route("up", packet(card(2), card(9))), ["b"]);
  assert.deepEqual(ports.route("a", packet(card(9), card(1))), ["up"]);
});

Deno.test("route() never sends to the uplink what is for a machine that nobody knows", () => {
  const ports = table();
  assert.deepEqual(ports.route("a", packet(card(2), card(1))), ["b", "c"]);
  assert.deepEqual(ports.route("up", packet(card(2), card(9))), ["a", "b", "c"]);
});

Deno.test("route() follows an address that moves, and forgets those of who went away", () => {
  const ports = table();
  ports.route("a", packet(ALL, card(7)));
  ports.route("b", packet(ALL, card(7)));
  assert.deepEqual(ports.route("c", packet(card(7), card(3))), ["b"]);
  ports.unplug("b");
  assert.deepEqual(ports.route("c", packet(card(7), card(3))), ["a"]);
  assert.deepEqual(ports.route("a", packet(card(1), card(1))), []);
});

Deno.test("take() gives packets with their length, however the stream is cut", () => {
  const stream = Uint8Array.from([0, 0, 0, 2, 10, 11, 0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]);
  const whole = new PacketReader().take(stream).map((bytes) => [...bytes]);
  assert.deepEqual(whole, [[0, 0, 0, 2, 10, 11], [0, 0, 0, 0], [0, 0, 0, 3, 1, 2, 3]]);
  for (let cut = 0; cut <= stream.length; cut++) {
    const reader = new PacketReader();
    const parts = [stream.subarray(0, cut), stream.subarray(cut)].flatMap((part) =>
      reader.take(part).map((bytes) => [...bytes])
    );
    assert.deepEqual(parts, whole);
  }
});

Deno.test("take() refuses what cannot be the length of a packet", () => {
  assert.throws(() => new PacketReader().take(Uint8Array.from([9, 0, 0, 0])), RangeError);
});
