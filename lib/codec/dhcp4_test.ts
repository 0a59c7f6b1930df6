import assert from "node:assert/strict";
import {
  decodeDhcp4,
  decodeUdpPacket,
  DHCP4_OPTION,
  DHCP4_TYPE,
  type Dhcp4Message,
  type Dhcp4Options,
  encodeDhcp4,
  encodeUdpPacket,
  internetChecksum,
} from "./mod.ts";
import { hexBytes, mutants, refusals, seededRandom } from "./_testing.ts";
import { DNSMASQ } from "./testdata/dnsmasq_answers.ts";

const MESSAGE: Dhcp4Message = {
  op: "request",
  xid: 0xdeadbeef,
  secs: 3,
  broadcastReply: false,
  clientIp: "0.0.0.0",
  yourIp: "0.0.0.0",
  relayIp: "0.0.0.0",
  mac: "52:54:00:12:34:56",
  options: {},
};

function answer(name: keyof typeof DNSMASQ): Dhcp4Message {
  return decodeDhcp4(decodeUdpPacket(hexBytes(DNSMASQ[name])).payload);
}

const LEASE: Dhcp4Options = {
  serverId: "10.5.0.1",
  prefix: 24,
  routers: ["10.5.0.1"],
  dns: ["10.5.0.1", "1.1.1.1"],
  hostname: "node-a",
  domain: "cluster.test",
  mtu: 1400,
  broadcast: "10.5.0.255",
  ntp: ["10.5.0.3"],
  leaseSeconds: 3600,
  renewSeconds: 1800,
  rebindSeconds: 3150,
  routes: [
    { address: "192.168.0.0", prefix: 16, gateway: "10.5.0.9" },
    { address: "0.0.0.0", prefix: 0, gateway: "10.5.0.1" },
    { address: "10.7.3.0", prefix: 30, gateway: "0.0.0.0" },
  ],
};

Deno.test("decodeDhcp4() reads dnsmasq's offer and acknowledgement", () => {
  for (const [name, type] of [["offer", DHCP4_TYPE.OFFER], ["ack", DHCP4_TYPE.ACK]] as const) {
    const message = answer(name);
    assert.equal(message.yourIp, "10.5.0.50");
    assert.equal(message.mac, "52:54:00:12:34:56");
    assert.deepEqual(message.options, { type, ...LEASE });
  }
});

Deno.test("decodeDhcp4() reads options that dnsmasq moved into file and server name", () => {
  const bytes = decodeUdpPacket(hexBytes(DNSMASQ.overloaded)).payload;
  assert.ok(bytes.subarray(44, 236).some((byte) => byte !== 0), "nothing was moved");
  assert.deepEqual(answer("overloaded").options, { type: DHCP4_TYPE.OFFER, ...LEASE });
});

Deno.test("decodeDhcp4() reads dnsmasq's refusal", () => {
  assert.deepEqual(answer("nak").options, {
    type: DHCP4_TYPE.NAK,
    serverId: "10.5.0.1",
    message: "wrong network",
  });
});

/** A message whose option areas hold these bytes. */
function withAreas(options: number[], file: number[] = [], sname: number[] = []): Uint8Array {
  const bytes = new Uint8Array(240 + options.length);
  bytes.set(encodeDhcp4(MESSAGE).subarray(0, 240));
  bytes.set(sname, 44);
  bytes.set(file, 108);
  bytes.set(options, 240);
  return bytes;
}

Deno.test("decodeDhcp4() reads overloaded areas in the order options, file, server name", () => {
  const { TYPE, OVERLOAD, DNS, HOSTNAME } = DHCP4_OPTION;
  const message = decodeDhcp4(withAreas(
    [TYPE, 1, 2, OVERLOAD, 1, 3, HOSTNAME, 1, 97, 255],
    [HOSTNAME, 1, 98, DNS, 2, 1, 2, 255],
    [HOSTNAME, 1, 99, DNS, 2, 3, 4, 255],
  ));
  assert.deepEqual(message.options, { type: 2, hostname: "abc", dns: ["1.2.3.4"] });
});

Deno.test("decodeDhcp4() does not read file and server name that are not overloaded", () => {
  const { TYPE, HOSTNAME } = DHCP4_OPTION;
  const message = decodeDhcp4(withAreas([TYPE, 1, 2, 255], [HOSTNAME, 1, 98], [HOSTNAME, 99]));
  assert.deepEqual(message.options, { type: 2 });
});

Deno.test("decodeDhcp4() takes padding, empty options and a missing end mark", () => {
  const { TYPE, HOSTNAME, DOMAIN } = DHCP4_OPTION;
  const message = decodeDhcp4(withAreas([0, 0, TYPE, 1, 5, HOSTNAME, 0, DOMAIN, 3, 97, 0, 0]));
  assert.deepEqual(message.options, { type: 5, domain: "a" });
});

const FAULTS: { name: string; options: number[]; message: RegExp }[] = [
  { name: "an option longer than its area", options: [12, 9, 97], message: /option 12 in options/ },
  { name: "an option without length", options: [12], message: /option 12 in options/ },
  { name: "a short lease", options: [51, 2, 0, 1], message: /leaseSeconds: 2 of 4 bytes/ },
  {
    name: "a name server list of 5 bytes",
    options: [6, 5, 1, 2, 3, 4, 5],
    message: /dns: 5 bytes/,
  },
  { name: "a subnet mask with gaps", options: [1, 4, 255, 0, 255, 0], message: /netmask/ },
  { name: "a route of 33 bits", options: [121, 9, 33, 1, 2, 3, 4, 5, 6, 7, 8], message: /routes/ },
  { name: "a route without router", options: [121, 3, 16, 10, 0], message: /routes/ },
  { name: "an overload of 4", options: [52, 1, 4], message: /overload: 4/ },
];
for (const { name, options, message } of FAULTS) {
  Deno.test(`decodeDhcp4() refuses ${name}`, () => {
    assert.throws(() => decodeDhcp4(withAreas(options)), { name: "RangeError", message });
  });
}

Deno.test("decodeDhcp4() refuses what is no DHCP message over ethernet", () => {
  const change = (at: number, byte: number) => {
    const bytes = encodeDhcp4(MESSAGE);
    bytes[at] = byte;
    return () => decodeDhcp4(bytes);
  };
  assert.throws(change(0, 3), /op 3/);
  assert.throws(change(1, 6), /hardware type/);
  assert.throws(change(2, 20), /hardware type/);
  assert.throws(change(236, 0), /cookie/);
  assert.throws(() => decodeDhcp4(new Uint8Array(239)), /239 of 240/);
});

Deno.test("encodeDhcp4() writes at least a BOOTP message, and decodeDhcp4() reads it back", () => {
  const options: Dhcp4Options = {
    ...LEASE,
    type: DHCP4_TYPE.REQUEST,
    requestedIp: "10.5.0.50",
    parameters: [1, 3, 6],
    message: "hello",
    maxMessageSize: 1500,
    clientId: Uint8Array.of(1, 2, 3),
  };
  const message = { ...MESSAGE, broadcastReply: true, clientIp: "10.5.0.50", options };
  assert.equal(encodeDhcp4(MESSAGE).length, 300);
  assert.deepEqual(decodeDhcp4(encodeDhcp4(message)), message);
});

Deno.test("encodeDhcp4() refuses an option past 255 bytes", () => {
  assert.throws(
    () => encodeDhcp4({ ...MESSAGE, options: { hostname: "x".repeat(256) } }),
    /hostname: 256 bytes/,
  );
});

Deno.test("decodeUdpPacket() reads back what encodeUdpPacket() wrote, checksums right", () => {
  const random = seededRandom(3);
  for (let round = 0; round < 500; round++) {
    const packet = {
      source: "0.0.0.0",
      sourcePort: 68,
      destination: "255.255.255.255",
      destinationPort: 67,
      payload: Uint8Array.from({ length: random(600) }, () => random(256)),
    };
    const bytes = encodeUdpPacket(packet);
    assert.deepEqual(decodeUdpPacket(bytes), { ...packet, checksum: "right" });
    assert.deepEqual(decodeUdpPacket(Uint8Array.of(...bytes, 0, 0)), {
      ...packet,
      checksum: "right",
    });
  }
});

Deno.test("decodeUdpPacket() takes a checksum that the device would have filled in", () => {
  assert.equal(decodeUdpPacket(hexBytes(DNSMASQ.offer)).checksum, "wrong");
  const bytes = hexBytes(DNSMASQ.offer);
  bytes.fill(0, 26, 28);
  assert.equal(decodeUdpPacket(bytes).checksum, "none");
});

Deno.test("decodeUdpPacket() refuses fragments, other protocols and wrong header sums", () => {
  const change = (at: number, byte: number, fix = true) => {
    const bytes = hexBytes(DNSMASQ.offer);
    bytes[at] = byte;
    if (fix) {
      bytes.fill(0, 10, 12);
      new DataView(bytes.buffer).setUint16(10, internetChecksum(bytes.subarray(0, 20)));
    }
    return () => decodeUdpPacket(bytes);
  };
  assert.throws(change(6, 0x20), /fragment/);
  assert.throws(change(7, 1), /fragment/);
  assert.throws(change(9, 6), /protocol 6/);
  assert.throws(change(0, 0x65), /version/);
  assert.throws(change(0, 0x44), /IPv4 header/);
  assert.throws(change(12, 99, false), /checksum/);
  assert.throws(change(2, 0xff), /length 65/);
  assert.throws(change(24, 0xff), /UDP: length/);
  assert.throws(() => decodeUdpPacket(new Uint8Array(19)), /19 bytes/);
});

Deno.test("internetChecksum() agrees with the example of RFC 1071", () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  assert.equal(internetChecksum(bytes), ~0xddf2 & 0xffff);
});

Deno.test("DHCP decoders end damaged answers in an error that names the part, or a value", () => {
  const packets = Object.values(DNSMASQ).map(hexBytes);
  const messages = packets.map((bytes) => decodeUdpPacket(bytes).payload);
  let faults = 0;
  for (
    const [samples, decode] of [[packets, decodeUdpPacket], [messages, decodeDhcp4]] as const
  ) {
    faults += refusals(decode, mutants(samples, 8_000, 4));
  }
  assert.ok(faults > 1_000, `only ${faults} mutants were refused`);
});
