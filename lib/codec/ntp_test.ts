import assert from "node:assert/strict";
import {
  clockOffsetNs,
  decodeNtpReply,
  encodeNtpRequest,
  kissCode,
  ntpReplyFault,
  ntpToUnixNs,
  roundTripNs,
  unixNsToNtp,
} from "./mod.ts";
import { mutants, refusals, seededRandom } from "./_testing.ts";

const NONCE = 0x0123456789abcdefn;

/** A good reply to NONCE, with some bytes changed. */
function reply(changes: Record<number, number> = {}): Uint8Array {
  const bytes = new Uint8Array(48);
  bytes[0] = 0x24;
  bytes[1] = 2;
  bytes[2] = 6;
  bytes[3] = 0xe9;
  bytes.set([0, 0, 0x10, 0], 4);
  bytes.set([0, 0, 0x20, 0], 8);
  bytes.set([10, 0, 0, 1], 12);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(24, NONCE);
  view.setBigUint64(32, unixNsToNtp(1_800_000_000_000_000_000n));
  view.setBigUint64(40, unixNsToNtp(1_800_000_000_000_100_000n));
  for (const [at, byte] of Object.entries(changes)) bytes[Number(at)] = byte;
  return bytes;
}

const fault = (changes: Record<number, number>) =>
  ntpReplyFault(decodeNtpReply(reply(changes)), NONCE);

Deno.test("encodeNtpRequest() says client, version 4 and nothing of this machine but the nonce", () => {
  const bytes = encodeNtpRequest(NONCE);
  assert.equal(bytes.length, 48);
  assert.equal(bytes[0], 0x23);
  assert.ok(bytes.subarray(1, 40).every((byte) => byte === 0));
  assert.equal(new DataView(bytes.buffer).getBigUint64(40), NONCE);
});

Deno.test("decodeNtpReply() reads every field", () => {
  assert.deepEqual(decodeNtpReply(reply()), {
    leap: 0,
    version: 4,
    mode: 4,
    stratum: 2,
    poll: 6,
    precision: -23,
    rootDelayMs: 62.5,
    rootDispersionMs: 125,
    referenceId: Uint8Array.of(10, 0, 0, 1),
    origin: NONCE,
    receive: unixNsToNtp(1_800_000_000_000_000_000n),
    transmit: unixNsToNtp(1_800_000_000_000_100_000n),
  });
  assert.throws(() => decodeNtpReply(new Uint8Array(47)), /47 of 48 bytes/);
});

Deno.test("ntpReplyFault() passes a good reply and names what is wrong with others", () => {
  assert.equal(fault({}), undefined);
  assert.equal(fault({ 0: 0x23 }), "mode is 3");
  assert.equal(fault({ 0: 0x3c }), "version is 7");
  assert.equal(fault({ 0: 0xe4 }), "server is not synchronised");
  assert.equal(fault({ 24: 0xff }), "it answers another request");
  assert.equal(fault({ 1: 16 }), "stratum is 16");
  assert.equal(fault({ 8: 0x7f }), "server may be 32512156 ms off");
  const zero = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [40 + at, 0]));
  assert.equal(fault(zero), "a timestamp is missing");
});

Deno.test("kissCode() reads why a server refuses", () => {
  const changes = { 1: 0, 12: 82, 13: 65, 14: 84, 15: 69 };
  assert.equal(kissCode(decodeNtpReply(reply(changes))), "RATE");
  assert.equal(fault(changes), 'server refuses with "RATE"');
  assert.equal(kissCode(decodeNtpReply(reply())), undefined);
  // A server that has no time itself yet wants to be asked again: ntpd says INIT, chrony nothing.
  const starting = { 0: 0xe4, 1: 0, 12: 73, 13: 78, 14: 73, 15: 84 };
  assert.equal(kissCode(decodeNtpReply(reply(starting))), undefined);
  assert.equal(fault(starting), "server is not synchronised: INIT");
  const silent = { ...starting, 12: 0, 13: 0, 14: 0, 15: 0 };
  assert.equal(kissCode(decodeNtpReply(reply(silent))), undefined);
  assert.equal(fault(silent), "server is not synchronised");
  // A kiss to another client's request must not stop this one.
  assert.equal(fault({ ...changes, 24: 0xff }), "it answers another request");
});

Deno.test("ntpToUnixNs() reads times of this era and the next", () => {
  assert.equal(ntpToUnixNs(0xea000000n << 32n), (0xea000000n - 2_208_988_800n) * 1_000_000_000n);
  // 2036-02-07 06:28:16 UTC: the seconds begin again at zero.
  assert.equal(ntpToUnixNs(0n), BigInt(Date.UTC(2036, 1, 7, 6, 28, 16)) * 1_000_000n);
  assert.equal(
    ntpToUnixNs(1n << 31n),
    BigInt(Date.UTC(2036, 1, 7, 6, 28, 16)) * 1_000_000n + 500_000_000n,
  );
});

Deno.test("ntpToUnixNs() gives back what unixNsToNtp() wrote to the nanosecond", () => {
  const random = seededRandom(5);
  const first = BigInt(Date.UTC(2020, 0, 1)) * 1_000_000n;
  for (let round = 0; round < 5_000; round++) {
    const ns = first + BigInt(random(2 ** 32)) * 1_000_000_000n + BigInt(random(1_000_000_000));
    assert.equal(ntpToUnixNs(unixNsToNtp(ns)), ns);
  }
});

Deno.test("clockOffsetNs() and roundTripNs() find offset and way of a simulated exchange", () => {
  const random = seededRandom(6);
  for (let round = 0; round < 1_000; round++) {
    const offset = BigInt(random(2_000_000_000) - 1_000_000_000);
    const way = BigInt(random(50_000_000));
    const work = BigInt(random(1_000_000));
    const sent = 1_800_000_000_000_000_000n;
    const times = {
      sent,
      serverReceived: sent + way + offset,
      serverSent: sent + way + work + offset,
      received: sent + way + work + way,
    };
    assert.equal(clockOffsetNs(times), offset);
    assert.equal(roundTripNs(times), 2n * way);
  }
});

Deno.test("decodeNtpReply() and ntpReplyFault() take any bytes", () => {
  const decode = (bytes: Uint8Array) => ntpReplyFault(decodeNtpReply(bytes), NONCE);
  refusals(decode, mutants([reply(), reply({ 1: 0 })], 10_000, 7));
});
