import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import {
  formatIp,
  formatIpv6,
  formatMac,
  isInNetwork,
  maskPrefix,
  networkOf,
  parseCidr,
  parseIp,
  parseIpv4,
  parseIpv6,
  parseMac,
} from "./mod.ts";
import { seededRandom } from "./_testing.ts";

const TEXTS = [
  ["::", "::"],
  ["::1", "::1"],
  ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["fe80:0:0:0:0:0:0:0", "fe80::"],
  ["::ffff:10.0.0.1", "::ffff:a00:1"],
] as const;
for (const [text, want] of TEXTS) {
  Deno.test(`formatIpv6() writes ${text} as ${want}`, () => {
    assert.equal(formatIpv6(parseIpv6(text)), want);
  });
}

for (const text of ["", "1", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "g::"]) {
  Deno.test(`parseIpv6() refuses "${text}"`, () => {
    assert.throws(() => parseIpv6(text), SyntaxError);
  });
}

for (const text of ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.a", " 1.2.3.4", "0x1.2.3.4"]) {
  Deno.test(`parseIpv4() refuses "${text}"`, () => {
    assert.throws(() => parseIpv4(text), SyntaxError);
  });
}

Deno.test("formatIp() gives back every address that parseIp() reads", () => {
  const random = seededRandom(1);
  for (let round = 0; round < 5_000; round++) {
    const size = random(2) === 0 ? 4 : 16;
    const bytes = Uint8Array.from({ length: size }, () => random(3) === 0 ? random(256) : 0);
    assert.deepEqual(parseIp(formatIp(bytes)), bytes);
  }
});

Deno.test("parseIp() reads what the host writes of its own addresses", () => {
  for (const { address } of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
    assert.equal(formatIp(parseIp(address)), address);
  }
});

Deno.test("networkOf() clears the bits behind the prefix", () => {
  assert.deepEqual(networkOf(parseCidr("10.11.12.13/21")), { address: "10.11.8.0", prefix: 21 });
  assert.deepEqual(networkOf(parseCidr("10.11.12.13/0")), { address: "0.0.0.0", prefix: 0 });
  assert.deepEqual(networkOf(parseCidr("10.11.12.13/32")), { address: "10.11.12.13", prefix: 32 });
  assert.deepEqual(networkOf(parseCidr("fd00:1:2::3/33")), { address: "fd00:1::", prefix: 33 });
});

for (const text of ["10.0.0.1", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/8/8", "::/129", "x/8"]) {
  Deno.test(`parseCidr() refuses "${text}"`, () => {
    assert.throws(() => parseCidr(text), SyntaxError);
  });
}

Deno.test("isInNetwork() compares the bits of the prefix, within one family", () => {
  const network = parseCidr("10.244.9.9/16");
  assert.ok(isInNetwork("10.244.0.1", network));
  assert.ok(!isInNetwork("10.245.0.1", network));
  assert.ok(!isInNetwork("::ffff:af4:1", network));
  assert.ok(isInNetwork("fe80::5054:ff:fe12:3456", parseCidr("fe80::/10")));
});

Deno.test("maskPrefix() counts the ones of a netmask and refuses gaps", () => {
  assert.equal(maskPrefix(Uint8Array.of(255, 255, 252, 0)), 22);
  assert.equal(maskPrefix(Uint8Array.of(255, 255, 255, 255)), 32);
  assert.equal(maskPrefix(Uint8Array.of(0, 0, 0, 0)), 0);
  assert.throws(() => maskPrefix(Uint8Array.of(255, 0, 255, 0)), RangeError);
});

Deno.test("parseMac() reads what formatMac() writes", () => {
  assert.equal(formatMac(parseMac("52:54:00:AB:cd:ef")), "52:54:00:ab:cd:ef");
  assert.throws(() => parseMac("52:54:00:ab:cd"), SyntaxError);
});
