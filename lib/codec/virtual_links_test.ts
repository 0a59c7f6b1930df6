import assert from "node:assert/strict";
import {
  BOND_OPTIONS,
  decodeFamily,
  decodeLink,
  decodeMessages,
  decodeWireguard,
  encodeFamilyQuery,
  encodeLinkChange,
  encodeLinkRemoval,
  encodeNewLink,
  encodeWireguard,
  encodeWireguardQuery,
  type NewLink,
} from "./mod.ts";
import { decodeAttributes } from "./netlink.ts";
import { hexBytes, mutants, refusals } from "./_testing.ts";
import { VIRTUAL_LINKS, VIRTUAL_REQUESTS, WIREGUARD_REQUESTS } from "./testdata/virtual_links.ts";

const key = (first: number) =>
  btoa(String.fromCharCode(...Array.from({ length: 32 }, (_, at) => first + at)));

/** The payload of the one message in `hex`. */
function payloadOf(hex: string): Uint8Array {
  const [message] = decodeMessages(hexBytes(hex));
  assert.ok(message);
  return message.payload;
}

/** iproute2 writes the attributes of a message in another order; what is in them is the same. */
function assertSameLink(payload: Uint8Array, hex: string): void {
  const sorted = (bytes: Uint8Array) => [
    [...bytes.subarray(0, 16)],
    [...decodeAttributes(bytes.subarray(16), "test")].sort(([a], [b]) => a - b)
      .map(([type, value]) => [type, [...value].join()]),
  ];
  assert.deepEqual(sorted(payload), sorted(payloadOf(hex)));
}

const MADE: readonly [keyof typeof VIRTUAL_REQUESTS, NewLink][] = [
  ["vlan", { name: "eth0.5", kind: "vlan", vlan: { parent: 3, id: 5 } }],
  ["dummy", { name: "dummy7", kind: "dummy" }],
  ["wireguard", { name: "wg7", kind: "wireguard" }],
  ["bond8023ad", {
    name: "bond7",
    kind: "bond",
    bond: {
      mode: "802.3ad",
      miimon: 100,
      updelay: 200,
      downdelay: 300,
      useCarrier: 1,
      xmitHashPolicy: "layer3+4",
      resendIgmp: 2,
      numPeerNotif: 3,
      allSlavesActive: 1,
      minLinks: 1,
      lpInterval: 5,
      packetsPerSlave: 4,
      lacpRate: "fast",
      adSelect: "bandwidth",
      adActorSysPrio: 1000,
      adUserPortKey: 12,
      adActorSystem: "02:00:00:00:00:01",
      peerNotifyDelay: 400,
    },
  }],
  ["bondBackup", {
    name: "bond7",
    kind: "bond",
    bond: {
      mode: "active-backup",
      arpInterval: 500,
      arpValidate: "all",
      arpAllTargets: "any",
      primary: 5,
      primaryReselect: "better",
      failOverMac: "active",
    },
  }],
  ["bondTlb", { name: "bond7", kind: "bond", bond: { mode: "balance-tlb", tlbDynamicLb: 0 } }],
];

for (const [name, link] of MADE) {
  Deno.test(`encodeNewLink() writes what ip link add sends: ${name}`, () =>
    assertSameLink(encodeNewLink(link), VIRTUAL_REQUESTS[name]));
}

Deno.test("encodeNewLink() was compared to iproute2 in every option of a bond", () => {
  const compared = MADE.flatMap(([, link]) => link.kind === "bond" ? Object.keys(link.bond) : []);
  assert.deepEqual(new Set(compared), new Set(BOND_OPTIONS));
});

Deno.test("encodeNewLink() names a bond option of a wrong value and what it may be", () => {
  const make = (bond: object) => () => encodeNewLink({ name: "bond0", kind: "bond", bond });
  assert.throws(make({ lacpRate: "quick" }), /lacpRate "quick": it is none of slow, fast/);
  assert.throws(make({ numPeerNotif: 256 }), /numPeerNotif 256: it is no number below 256/);
  assert.throws(make({ miimon: "often" }), /miimon "often"/);
  assert.throws(make({ adActorSystem: "me" }), /hardware address: "me"/);
});

Deno.test("encodeLinkChange() and encodeLinkRemoval() write what ip link set and del send", () => {
  assertSameLink(encodeLinkChange({ index: 3, master: 2 }), VIRTUAL_REQUESTS.master);
  assertSameLink(encodeLinkChange({ index: 3, master: 0 }), VIRTUAL_REQUESTS.noMaster);
  assertSameLink(encodeLinkChange({ index: 3, alias: "networkd" }), VIRTUAL_REQUESTS.alias);
  assertSameLink(encodeLinkChange({ index: 3, up: false }), VIRTUAL_REQUESTS.down);
  assertSameLink(encodeLinkRemoval(2), VIRTUAL_REQUESTS.remove);
});

const linkOf = (name: keyof typeof VIRTUAL_LINKS) => decodeLink(payloadOf(VIRTUAL_LINKS[name]));

Deno.test("decodeLink() reads kinds of virtual links as iproute2 does", () => {
  assert.deepEqual(linkOf("vlan").vlan, { parent: 7, id: 5 });
  assert.deepEqual(linkOf("member").master, 6);
  assert.equal(linkOf("dummy").kind, "dummy");
  assert.deepEqual([linkOf("wireguard").kind, linkOf("wireguard").mac], ["wireguard", ""]);
  assert.deepEqual(linkOf("bondBackup").bond, {
    mode: "active-backup",
    miimon: 0,
    updelay: 0,
    downdelay: 0,
    peerNotifyDelay: 0,
    useCarrier: 1,
    arpInterval: 500,
    arpValidate: "all",
    arpAllTargets: "any",
    primary: 3,
    primaryReselect: "better",
    failOverMac: "active",
    xmitHashPolicy: "layer2",
    resendIgmp: 1,
    numPeerNotif: 1,
    allSlavesActive: 0,
    minLinks: 0,
    lpInterval: 1,
    packetsPerSlave: 1,
    lacpRate: "slow",
    adSelect: "stable",
    tlbDynamicLb: 1,
  });
  const { lacpRate, adSelect, minLinks, adActorSysPrio, adActorSystem } =
    linkOf("bond8023ad").bond ?? {};
  assert.deepEqual(
    [lacpRate, adSelect, minLinks, adActorSysPrio, adActorSystem],
    ["fast", "bandwidth", 1, 65535, "00:00:00:00:00:00"],
  );
});

const FIRST = {
  publicKey: key(0x40),
  endpoint: { address: "10.5.0.9", port: 51111 },
  keepaliveSeconds: 25,
  allowedIps: [{ address: "10.9.0.0", prefix: 16 }, { address: "fd00:9::", prefix: 64 }],
};
const SECOND = {
  publicKey: key(0x60),
  endpoint: { address: "fd00::7", port: 51112 },
  allowedIps: [{ address: "10.10.0.1", prefix: 32 }],
};
const DEVICE = {
  name: "wg7",
  privateKey: key(0),
  listenPort: 51820,
  firewallMark: 0x20,
  peers: [FIRST, SECOND],
};

Deno.test("encodeWireguard() writes what wg set sends", () => {
  assert.deepEqual(encodeWireguard(DEVICE), payloadOf(WIREGUARD_REQUESTS.set));
  const peers = [{ publicKey: key(0x60), allowedIps: [], remove: true }];
  assert.deepEqual(encodeWireguard({ name: "wg7", peers }), payloadOf(WIREGUARD_REQUESTS.remove));
});

Deno.test("encodeFamilyQuery() and encodeWireguardQuery() write what wg asks", () => {
  assert.deepEqual(encodeFamilyQuery("wireguard"), payloadOf(WIREGUARD_REQUESTS.family));
  assert.deepEqual(encodeWireguardQuery("wg7"), payloadOf(WIREGUARD_REQUESTS.query));
  assert.equal(decodeFamily(payloadOf(WIREGUARD_REQUESTS.familyAnswer)), 0x20);
});

Deno.test("decodeWireguard() reads what the kernel gives wg", () => {
  // The kernel clamps a private key to the curve, and tells a keepalive of 0.
  const [first, ...bytes] = atob(key(0));
  assert.equal(first, "\0");
  const clamped = [...bytes.slice(0, -1).map((char) => char.charCodeAt(0)), 0x5f];
  const privateKey = btoa(String.fromCharCode(0, ...clamped));
  const peers = [FIRST, { ...SECOND, keepaliveSeconds: 0 }];
  const got = decodeWireguard([payloadOf(WIREGUARD_REQUESTS.answer)]);
  const sorted = got.peers.map((peer) => ({
    ...peer,
    allowedIps: peer.allowedIps.toSorted((a, b) => a.address < b.address ? -1 : 1),
  }));
  assert.deepEqual({ ...got, peers: sorted }, { ...DEVICE, privateKey, peers });
});

Deno.test("decodeWireguard() joins a peer whose addresses come in two messages", () => {
  const part = (allowedIps: typeof FIRST.allowedIps) =>
    encodeWireguard({ name: "wg7", peers: [{ publicKey: key(0x40), allowedIps }] });
  const { peers } = decodeWireguard([
    part(FIRST.allowedIps.slice(0, 1)),
    part(FIRST.allowedIps.slice(1)),
  ]);
  assert.deepEqual(peers, [{ publicKey: key(0x40), allowedIps: FIRST.allowedIps }]);
});

Deno.test("encodeWireguard() does not tell a key that is none", () => {
  const make = () => encodeWireguard({ name: "wg7", privateKey: "hunter2", peers: [] });
  assert.throws(make, (error: Error) => !error.message.includes("hunter2"));
});

Deno.test("decodeLink(), decodeFamily() and decodeWireguard() take any bytes", () => {
  const links = Object.values(VIRTUAL_LINKS).map(payloadOf);
  const devices = [WIREGUARD_REQUESTS.answer, WIREGUARD_REQUESTS.familyAnswer].map(payloadOf);
  let faults = 0;
  for (
    const [decode, samples] of [
      [decodeLink, links],
      [decodeFamily, devices],
      [(bytes: Uint8Array) => decodeWireguard([bytes]), devices],
    ] as const
  ) {
    faults += refusals(decode, mutants(samples, 4_000, 9));
  }
  assert.ok(faults > 1_000, `only ${faults} mutants were refused`);
});
