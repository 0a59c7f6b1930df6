import assert from "node:assert/strict";
import { DHCP6_TYPE, type Dhcp6Message, type Dhcp6Options } from "$lib/codec/mod.ts";
import { dhcp6Answer, dhcp6Message } from "./dhcp6_messages.ts";
import type { Question } from "./dhcp_state.ts";

const MAC = "52:54:00:12:34:56";
const DUID = Uint8Array.of(0, 3, 0, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56);
const SERVER = Uint8Array.of(0, 4, 0xab);
const ADDRESS = "fd05::50";
const OFFERED = { address: ADDRESS, server: "00:04:ab" };
const IDENTITY = {
  id: 0x00123456,
  renewSeconds: 100,
  rebindSeconds: 160,
  address: { address: ADDRESS, preferredSeconds: 200, validSeconds: 300 },
};

function message(type: number, options: Dhcp6Options = {}): Dhcp6Message {
  return { type, xid: 7, options: { clientId: DUID, serverId: SERVER, ...options } };
}

const QUESTIONS: { question: Question; type: number; server?: boolean; address?: boolean }[] = [
  { question: { ask: "discover" }, type: DHCP6_TYPE.SOLICIT },
  {
    question: { ask: "request", ...OFFERED },
    type: DHCP6_TYPE.REQUEST,
    server: true,
    address: true,
  },
  { question: { ask: "renew", ...OFFERED }, type: DHCP6_TYPE.RENEW, server: true, address: true },
  { question: { ask: "rebind", address: ADDRESS }, type: DHCP6_TYPE.REBIND, address: true },
  { question: { ask: "reboot", address: ADDRESS }, type: DHCP6_TYPE.REBIND, address: true },
  {
    question: { ask: "decline", ...OFFERED },
    type: DHCP6_TYPE.DECLINE,
    server: true,
    address: true,
  },
  {
    question: { ask: "release", ...OFFERED },
    type: DHCP6_TYPE.RELEASE,
    server: true,
    address: true,
  },
];
for (const { question, type, server = false, address = false } of QUESTIONS) {
  Deno.test(`dhcp6Message() words "${question.ask}" as RFC 8415 asks`, () => {
    const sent = dhcp6Message({ ...question, xid: 7, secs: 3 }, MAC);
    assert.deepEqual([sent.type, sent.xid], [type, 7]);
    const { clientId, serverId, identity, elapsed, requested } = sent.options;
    assert.deepEqual([clientId, serverId], [DUID, server ? SERVER : undefined]);
    assert.deepEqual([identity?.id, identity?.address?.address], [
      ...[IDENTITY.id, address ? ADDRESS : undefined],
    ]);
    assert.deepEqual([elapsed, requested], [300, [23, 24]]);
  });
}

Deno.test("dhcp6Answer() takes offers and grants, with their servers and domains", () => {
  const offer = message(DHCP6_TYPE.ADVERTISE, { identity: IDENTITY });
  assert.deepEqual(dhcp6Answer(offer, MAC, 0), { type: "offer", xid: 7, ...OFFERED });
  const said = { dns: ["fd05::1"], domains: ["a.test", "b.test"] };
  const grant = message(DHCP6_TYPE.REPLY, { identity: IDENTITY, ...said });
  assert.deepEqual(dhcp6Answer(grant, MAC, 1_000), {
    type: "grant",
    xid: 7,
    lease: {
      ...{ ...OFFERED, prefix: 128, routers: [], routes: [], ...said },
      ...{ renewAtMs: 101_000, rebindAtMs: 161_000, expiresAtMs: 301_000 },
    },
  });
});

Deno.test("dhcp6Answer() renews before an address is deprecated when the server leaves it to it", () => {
  const identity = { ...IDENTITY, renewSeconds: 0, rebindSeconds: 0 };
  const answer = dhcp6Answer(message(DHCP6_TYPE.REPLY, { identity }), MAC, 0);
  assert.equal(answer?.type, "grant");
  if (answer?.type !== "grant") return;
  assert.deepEqual([answer.lease.renewAtMs, answer.lease.rebindAtMs], [100_000, 160_000]);
  const forever = 0xffffffff;
  const address = { address: ADDRESS, preferredSeconds: forever, validSeconds: forever };
  const endless = { ...identity, address };
  const lasting = dhcp6Answer(message(DHCP6_TYPE.REPLY, { identity: endless }), MAC, 0);
  assert.equal(lasting?.type === "grant" && lasting.lease.renewAtMs, Infinity);
});

Deno.test("dhcp6Answer() takes a status, an ended address or none at all for a refusal", () => {
  const refusal = { type: "refusal", xid: 7, server: "00:04:ab" };
  const { address, ...bare } = IDENTITY;
  const REFUSALS: Dhcp6Options[] = [
    {},
    { status: 4, identity: IDENTITY },
    { identity: bare },
    { identity: { ...bare, status: 2 } },
    { identity: { ...bare, address: { ...address, validSeconds: 0 } } },
    ...["::1", "fe80::1", "ff02::1", "::"].map((it) => ({
      identity: { ...bare, address: { ...address, address: it } },
    })),
  ];
  for (const options of REFUSALS) {
    assert.deepEqual(dhcp6Answer(message(DHCP6_TYPE.REPLY, options), MAC, 0), refusal);
    assert.equal(dhcp6Answer(message(DHCP6_TYPE.ADVERTISE, options), MAC, 0), undefined);
  }
});

Deno.test("dhcp6Answer() tells a server that knows nothing of the address", () => {
  const { address: _, ...bare } = IDENTITY;
  const identity = { ...bare, status: 3 };
  assert.deepEqual(dhcp6Answer(message(DHCP6_TYPE.REPLY, { identity }), MAC, 0), {
    ...{ type: "forgotten", xid: 7, server: "00:04:ab" },
  });
});

Deno.test("dhcp6Answer() ignores what is for others, or from no server", () => {
  const said = { identity: IDENTITY };
  const IGNORED = [
    message(DHCP6_TYPE.REPLY, { ...said, clientId: DUID.slice(1) }),
    message(DHCP6_TYPE.REPLY, { identity: { ...IDENTITY, id: 1 } }),
    message(DHCP6_TYPE.SOLICIT, said),
    { type: DHCP6_TYPE.REPLY, xid: 7, options: { ...said, clientId: DUID } },
    { type: DHCP6_TYPE.REPLY, xid: 7, options: { ...said, serverId: SERVER } },
  ];
  for (const one of IGNORED) assert.equal(dhcp6Answer(one, MAC, 0), undefined);
});
