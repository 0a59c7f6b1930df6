import assert from "node:assert/strict";
import { encodeXid, isXid, XidSource } from "./xid.ts";

Deno.test("encodeXid() writes the reference id of the xid format", () => {
  // deno-fmt-ignore
  const bytes = [0x4d, 0x88, 0xe1, 0x5b, 0x60, 0xf4, 0x86, 0xe4, 0x28, 0x41, 0x2d, 0xc9];
  assert.equal(encodeXid(new Uint8Array(bytes)), "9m4e2mr0ui3e8a215n4g");
});

Deno.test("XidSource makes ids that sort in the order of their making, also when the clock jumps", () => {
  let ms = 1_700_000_000_000;
  const source = new XidSource(() => ms);
  let last = "";
  for (let i = 0; i < 10_000; i++) {
    if (i % 100 === 0) ms += i % 3 === 0 ? -3_600_000 : 5_000;
    const id = source.next();
    assert.ok(isXid(id), id);
    assert.ok(id > last, `${id} after ${last}`);
    last = id;
  }
});
