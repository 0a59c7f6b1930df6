import assert from "node:assert/strict";
import { findInterfaceIndex, SOCKET } from "./socket.ts";
import { layoutTest } from "./testing.ts";

layoutTest(
  "socket.ts SOCKET",
  ["sys/socket.h", "linux/netlink.h"],
  { ...SOCKET },
);

Deno.test("findInterfaceIndex() knows lo and gives undefined for a name nobody has", () => {
  assert.equal(findInterfaceIndex("lo"), 1);
  assert.equal(findInterfaceIndex("none0"), undefined);
});
