import assert from "node:assert/strict";
import { arpAnnouncement, arpProbe, decodeArp, encodeArp, isArpConflict } from "./mod.ts";
import { hexBytes, mutants, refusals } from "./_testing.ts";

/** What Linux 6.18 sent and answered, as tcpdump showed it behind the ethernet header. */
const REQUEST = hexBytes("0001080006040001525400000001" + "0a050001" + "000000000000" + "0a050002");
const REPLY = hexBytes("0001080006040002525400000002" + "0a050002" + "525400000001" + "0a050001");
const [ONE, TWO] = ["52:54:00:00:00:01", "52:54:00:00:00:02"];

Deno.test("decodeArp() and encodeArp() read and write what Linux sends", () => {
  const request = {
    operation: "request",
    senderMac: ONE,
    senderIp: "10.5.0.1",
    targetMac: "00:00:00:00:00:00",
    targetIp: "10.5.0.2",
  } as const;
  assert.deepEqual(decodeArp(REQUEST), request);
  assert.deepEqual(encodeArp(request), REQUEST);
  const reply = decodeArp(Uint8Array.of(...REPLY, ...new Uint8Array(18)));
  assert.deepEqual([reply.operation, reply.senderIp, reply.targetMac], ["reply", "10.5.0.2", ONE]);
  assert.deepEqual(encodeArp(reply), REPLY);
});

Deno.test("isArpConflict() tells who has or wants the address from all others", () => {
  const reply = decodeArp(REPLY);
  assert.ok(isArpConflict(reply, ONE, "10.5.0.2"));
  assert.ok(!isArpConflict(reply, TWO, "10.5.0.2"), "our own");
  assert.ok(!isArpConflict(reply, ONE, "10.5.0.3"));
  assert.ok(!isArpConflict(decodeArp(REQUEST), TWO, "10.5.0.2"), "a question of a neighbour");
  assert.ok(isArpConflict(arpProbe(TWO, "10.5.0.9"), ONE, "10.5.0.9"), "two ask at once");
  assert.ok(isArpConflict(arpAnnouncement(TWO, "10.5.0.9"), ONE, "10.5.0.9"));
});

Deno.test("decodeArp() takes any bytes", () => {
  refusals(decodeArp, mutants([REQUEST, REPLY], 5_000, 11));
});
