import assert from "node:assert/strict";
import { DHCP4_TYPE, type Dhcp4Message, type Dhcp4Options } from "$lib/codec/mod.ts";
import { dhcp4Answer, dhcp4Message, leaseOf } from "./dhcp4_messages.ts";
import type { Question } from "./dhcp_state.ts";

const MAC = "52:54:00:12:34:56";
const OFFERED = { address: "10.5.0.50", server: "10.5.0.1" };
const ACK: Dhcp4Options = {
  type: DHCP4_TYPE.ACK,
  serverId: "10.5.0.1",
  leaseSeconds: 3600,
  prefix: 24,
};

function reply(options: Dhcp4Options, yourIp = "10.5.0.50"): Dhcp4Message {
  return {
    ...dhcp4Message({ ask: "discover", xid: 7, secs: 0 }, MAC),
    op: "reply",
    yourIp,
    options,
  };
}

const { DISCOVER, REQUEST, DECLINE, RELEASE } = DHCP4_TYPE;
const asked = { requestedIp: "10.5.0.50" };
const serverId = "10.5.0.1";
/** RFC 2131, table 5. */
const QUESTIONS: { question: Question; clientIp: string; options: Dhcp4Options }[] = [
  { question: { ask: "discover" }, clientIp: "0.0.0.0", options: { type: DISCOVER } },
  {
    question: { ask: "request", ...OFFERED },
    clientIp: "0.0.0.0",
    options: { type: REQUEST, ...asked, serverId },
  },
  {
    question: { ask: "reboot", address: "10.5.0.50" },
    clientIp: "0.0.0.0",
    options: { type: REQUEST, ...asked },
  },
  { question: { ask: "renew", ...OFFERED }, clientIp: "10.5.0.50", options: { type: REQUEST } },
  {
    question: { ask: "rebind", address: "10.5.0.50" },
    clientIp: "10.5.0.50",
    options: { type: REQUEST },
  },
  {
    question: { ask: "decline", ...OFFERED },
    clientIp: "0.0.0.0",
    options: { type: DECLINE, ...asked, serverId },
  },
  {
    question: { ask: "release", ...OFFERED },
    clientIp: "10.5.0.50",
    options: { type: RELEASE, serverId },
  },
];
for (const { question, clientIp, options } of QUESTIONS) {
  Deno.test(`dhcp4Message() words "${question.ask}" as RFC 2131 asks`, () => {
    const message = dhcp4Message({ ...question, xid: 7, secs: 3 }, MAC);
    const { clientId, parameters, maxMessageSize, ...rest } = message.options;
    assert.deepEqual([message.op, message.xid, message.secs, message.mac], ["request", 7, 3, MAC]);
    assert.deepEqual([message.clientIp, rest], [clientIp, options]);
    assert.deepEqual([...clientId ?? []], [1, 0x52, 0x54, 0, 0x12, 0x34, 0x56]);
    const asks = options.type === DISCOVER || options.type === REQUEST;
    assert.deepEqual([parameters !== undefined, maxMessageSize !== undefined], [asks, asks]);
  });
}

Deno.test("dhcp4Answer() ignores addresses no host can have and leases without time or server", () => {
  const offer = { type: DHCP4_TYPE.OFFER, serverId: "10.5.0.1" };
  assert.deepEqual(dhcp4Answer(reply(offer), 0), { type: "offer", xid: 7, ...OFFERED });
  for (const address of ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"]) {
    assert.equal(dhcp4Answer(reply(offer, address), 0), undefined, address);
    assert.equal(dhcp4Answer(reply(ACK, address), 0), undefined, address);
  }
  assert.equal(dhcp4Answer(reply({ type: DHCP4_TYPE.OFFER }), 0), undefined);
  assert.equal(dhcp4Answer(reply({ ...ACK, leaseSeconds: 0 }), 0), undefined);
  assert.equal(dhcp4Answer(reply({ type: DHCP4_TYPE.ACK, leaseSeconds: 9 }), 0), undefined);
  assert.equal(dhcp4Answer({ ...reply(offer), op: "request" }, 0), undefined);
  const nak = { type: DHCP4_TYPE.NAK };
  assert.deepEqual(dhcp4Answer(reply(nak, "0.0.0.0"), 0), { type: "refusal", xid: 7 });
  assert.deepEqual(dhcp4Answer(reply({ ...nak, serverId }, "0.0.0.0"), 0), {
    ...{ type: "refusal", xid: 7, server: serverId },
  });
});

Deno.test("leaseOf() takes all that a server says, and the class's prefix when it says none", () => {
  const said = {
    routers: ["10.5.0.1"],
    routes: [{ address: "10.8.0.0", prefix: 16, gateway: "10.5.0.9" }],
    dns: ["10.5.0.1", "10.5.0.2"],
    hostname: "node-a",
    mtu: 1400,
  };
  const times = { renewAtMs: 1_801_000, rebindAtMs: 3_151_000, expiresAtMs: 3_601_000 };
  assert.deepEqual(leaseOf(reply({ ...ACK, ...said, domain: "cluster.test" }), 1_000), {
    ...{ ...OFFERED, prefix: 24, ...said, domains: ["cluster.test"], ...times },
  });
  const { prefix: _, ...bare } = ACK;
  assert.equal(leaseOf(reply(bare), 0)?.prefix, 8);
  assert.equal(leaseOf(reply(bare, "192.168.0.9"), 0)?.prefix, 24);
});
