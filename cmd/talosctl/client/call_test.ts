import assert from "node:assert/strict";
import { MAX_MESSAGE_BYTES, MessageCutter } from "./call.ts";
import { RpcError } from "./rpc_error.ts";

function frame(...bytes: number[]): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, bytes.length, ...bytes);
}

Deno.test("MessageCutter finds messages however the bytes are cut", () => {
  const whole = new Uint8Array([...frame(1, 2, 3), ...frame(), ...frame(4)]);
  for (let size = 1; size <= whole.length; size++) {
    const cutter = new MessageCutter();
    const found: number[][] = [];
    for (let at = 0; at < whole.length; at += size) {
      for (const message of cutter.push(whole.subarray(at, at + size))) found.push([...message]);
    }
    assert.deepEqual(found, [[1, 2, 3], [], [4]], `chunks of ${size}`);
    assert.ok(cutter.empty);
  }
});

Deno.test("MessageCutter is not empty inside a message", () => {
  const cutter = new MessageCutter();
  assert.deepEqual([...cutter.push(frame(1, 2).subarray(0, 6))], []);
  assert.equal(cutter.empty, false);
});

Deno.test("MessageCutter refuses a message that is too large or compressed before holding it", () => {
  const head = new Uint8Array(5);
  new DataView(head.buffer).setUint32(1, MAX_MESSAGE_BYTES + 1);
  assert.throws(() => [...new MessageCutter().push(head)], RpcError);
  assert.throws(() => [...new MessageCutter().push(Uint8Array.of(1, 0, 0, 0, 0))], RpcError);
});
