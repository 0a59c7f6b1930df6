import assert from "node:assert/strict";
import { decodeDhcp6, DHCP6_TYPE, type Dhcp6Message, encodeDhcp6 } from "./mod.ts";
import { hexBytes, mutants, refusals } from "./_testing.ts";
import { DNSMASQ6 } from "./testdata/dnsmasq6_answers.ts";

const CLIENT = hexBytes("00030001525400123456");
const MESSAGE: Dhcp6Message = {
  type: DHCP6_TYPE.REQUEST,
  xid: 0xabcdef,
  options: {
    clientId: CLIENT,
    serverId: hexBytes("0004ab"),
    identity: {
      id: 0xfedcba98,
      renewSeconds: 100,
      rebindSeconds: 0xffffffff,
      address: { address: "fd05::50", preferredSeconds: 200, validSeconds: 300 },
      status: 2,
    },
    requested: [23, 24],
    elapsed: 0xffff,
    status: 5,
    dns: ["fd05::1", "2001:db8::53"],
    domains: ["cluster.test", "test"],
  },
};

Deno.test("decodeDhcp6() reads dnsmasq's offer and grant", () => {
  for (const [name, type] of [["advertise", 2], ["reply", 7]] as const) {
    const { options, ...rest } = decodeDhcp6(hexBytes(DNSMASQ6[name]));
    assert.equal(rest.type, type);
    assert.deepEqual(options.clientId, CLIENT);
    assert.equal(options.serverId?.length, 14);
    assert.equal(options.identity?.id, 0x00123456);
    assert.equal(options.identity?.address?.address, "fd05::50");
    assert.equal(options.identity?.address?.validSeconds, 3600);
    assert.equal(options.status, 0);
    assert.deepEqual([options.dns, options.domains], [
      ["fd05::1", "fd05::2"],
      ["cluster.test", "lab.test"],
    ]);
  }
});

Deno.test("decodeDhcp6() reads dnsmasq's refusal of what it never gave", () => {
  const { options } = decodeDhcp6(hexBytes(DNSMASQ6.noBinding));
  assert.deepEqual([options.identity?.status, options.identity?.address], [3, undefined]);
});

Deno.test("encodeDhcp6() writes what decodeDhcp6() reads", () => {
  assert.deepEqual(decodeDhcp6(encodeDhcp6(MESSAGE)), MESSAGE);
  const bare = { type: 1, xid: 0, options: {} };
  assert.deepEqual(decodeDhcp6(encodeDhcp6(bare)), bare);
});

/** A message with these bytes of options. */
function withOptions(...bytes: number[]): Uint8Array {
  return Uint8Array.of(7, 0, 0, 1, ...bytes);
}

Deno.test("decodeDhcp6() takes the address that still holds of one IA", () => {
  const address = (last: number, valid: number) => [
    ...[0, 5, 0, 24, 0xfd, ...Array(14).fill(0), last, 0, 0, 0, 0, 0, 0, 0, valid],
  ];
  const identity = [...Array(12).fill(0), ...address(1, 0), ...address(2, 9)];
  const { options } = decodeDhcp6(withOptions(0, 3, 0, identity.length, ...identity));
  assert.equal(options.identity?.address?.address, "fd00::2");
});

const FAULTS: { name: string; options: number[]; message: RegExp }[] = [
  { name: "an option longer than the message", options: [0, 23, 0, 9, 1], message: /option 23 in/ },
  { name: "half an option's head", options: [0, 23, 0], message: /option in message: 3 of 4/ },
  { name: "an IA of 4 bytes", options: [0, 3, 0, 4, 1, 2, 3, 4], message: /identity: 4 of 12/ },
  {
    name: "an address of 4 bytes",
    options: [0, 3, 0, 20, ...Array(12).fill(0), 0, 5, 0, 4, 1, 2, 3, 4],
    message: /identity, address: 4 of 24/,
  },
  { name: "a name server of 4 bytes", options: [0, 23, 0, 4, 1, 2, 3, 4], message: /dns: 4 bytes/ },
  {
    name: "a label past its option",
    options: [0, 24, 0, 2, 9, 97],
    message: /domains: label of 9/,
  },
  { name: "a pointer in a name", options: [0, 24, 0, 2, 0xc0, 0], message: /label of 192/ },
  { name: "a status of one byte", options: [0, 13, 0, 1, 0], message: /status: 1 of 2/ },
];
for (const { name, options, message } of FAULTS) {
  Deno.test(`decodeDhcp6() refuses ${name}`, () => {
    assert.throws(() => decodeDhcp6(withOptions(...options)), { name: "RangeError", message });
  });
}

Deno.test("decodeDhcp6() ends damaged answers in an error that names the part, or a value", () => {
  const samples = [...Object.values(DNSMASQ6).map(hexBytes), encodeDhcp6(MESSAGE)];
  const faults = refusals(decodeDhcp6, mutants(samples, 20_000, 6));
  assert.ok(faults > 1_000, `only ${faults} mutants were refused`);
  assert.throws(() => decodeDhcp6(new Uint8Array(3)), /3 of 4 bytes/);
});

Deno.test("decodeDhcp6() reads a datagram full of empty options without delay", () => {
  const bytes = new Uint8Array(65_500);
  const begun = performance.now();
  decodeDhcp6(bytes);
  assert.ok(performance.now() - begun < 1_000);
});
