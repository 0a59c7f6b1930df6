import assert from "node:assert/strict";
import { ARPHRD, type BondOptions, IFF, type Link } from "$lib/codec/mod.ts";
import { interfacePlans } from "./interface_plan.ts";
import type { Change } from "./reconcile.ts";
import { describe } from "./route_kernel.ts";
import { readSettings } from "./settings.ts";
import { tunnelChanges } from "./tunnel_plan.ts";
import { MARK, virtualChanges } from "./virtual_plan.ts";

function nic(index: number, name: string, rest: Partial<Link> = {}): Link {
  const flags = IFF.UP | IFF.LOWER_UP;
  const mac = `52:54:00:12:34:${String(index).padStart(2, "0")}`;
  return { index, name, type: ARPHRD.ETHER, flags, mtu: 1500, mac, carrierLosses: 0, ...rest };
}

const ETH0 = nic(2, "eth0");
const ETH1 = nic(3, "eth1");

const settingsOf = (interfaces: readonly object[], cmdline = "") =>
  readSettings({ cmdline, network: { interfaces } });

function changed(
  interfaces: readonly object[],
  links: readonly Link[] = [ETH0, ETH1],
  made: ReadonlyMap<string, string> = new Map(),
) {
  const { changes, faults } = virtualChanges(settingsOf(interfaces), links, made);
  return { said: changes.map(describe), changes, faults };
}

const BOND = { interface: "bond0", bond: { interfaces: ["eth0", "eth1"], mode: "802.3ad" } };
const VLAN = { interface: "eth0", vlans: [{ vlanId: 5, cidr: "10.6.0.2/24", dhcp: false }] };

Deno.test("virtualChanges() makes what is not there, over what is", () => {
  assert.deepEqual(changed([{ interface: "d0", dummy: true }]).said, ["add dummy d0"]);
  assert.deepEqual(changed([{ interface: "wg0", wireguard: {} }]).said, ["add wireguard wg0"]);
  const vlan = changed([VLAN]);
  assert.deepEqual(vlan.changes, [
    { type: "addLink", link: { name: "eth0.5", kind: "vlan", vlan: { parent: 2, id: 5 } } },
  ]);
  assert.deepEqual(changed([VLAN], [ETH1]).said, [], "its parent is not there");
});

Deno.test("virtualChanges() hands a bond every option of the configuration that is said", () => {
  const bond = {
    interfaces: ["eth0"],
    mode: "active-backup",
    miimon: 100,
    useCarrier: false,
    numPeerNotif: 0,
    primary: "eth1",
    xmitHashPolicy: "",
  };
  const [add] = changed([{ interface: "bond0", bond }]).changes;
  assert.ok(add?.type === "addLink" && add.link.kind === "bond");
  assert.deepEqual(add.link.bond, {
    mode: "active-backup",
    miimon: 100,
    useCarrier: 0,
    numPeerNotif: 0,
    primary: 3,
  });
});

Deno.test("virtualChanges() marks its own, and takes away those that are no longer wanted", () => {
  const held = nic(9, "d0", { kind: "dummy" });
  assert.deepEqual(changed([{ interface: "d0", dummy: true }], [held]).said, [
    "set link 9 to alias networkd",
  ]);
  const marked = { ...held, alias: MARK };
  assert.deepEqual(changed([{ interface: "d0", dummy: true }], [marked]).said, []);
  assert.deepEqual(changed([], [marked]).said, ["remove link d0"]);
  assert.deepEqual(changed([], [held]).said, [], "somebody else's");
});

Deno.test("virtualChanges() makes a VLAN or bond anew that is made otherwise", () => {
  const vlan = (id: number) =>
    nic(9, "eth0.5", { kind: "vlan", alias: MARK, vlan: { parent: 2, id } });
  assert.deepEqual(changed([VLAN], [ETH0, vlan(5)]).said, []);
  assert.deepEqual(changed([VLAN], [ETH0, vlan(6)]).said, ["remove link eth0.5"]);
  const bond = (options: BondOptions) =>
    nic(9, "bond0", { kind: "bond", alias: MARK, bond: options });
  assert.deepEqual(changed([BOND], [bond({ mode: "802.3ad", miimon: 0 })]).said, []);
  assert.deepEqual(changed([BOND], [bond({ mode: "balance-rr" })]).said, ["remove link bond0"]);
});

Deno.test("virtualChanges() leaves a bond whose options the kernel rounded", () => {
  const config = { ...BOND, bond: { ...BOND.bond, interfaces: [], miimon: 100, updelay: 250 } };
  const [add] = changed([config], []).changes;
  assert.ok(add?.type === "addLink");
  const held = nic(9, "bond0", {
    kind: "bond",
    alias: MARK,
    bond: { mode: "802.3ad", miimon: 100, updelay: 200 },
  });
  assert.deepEqual(changed([config], [held]).said, ["remove link bond0"]);
  assert.deepEqual(
    changed([config], [held], new Map([["bond0", JSON.stringify(add.link)]])).said,
    [],
  );
});

Deno.test("virtualChanges() never takes an interface of another kind for its own", () => {
  const { said, faults } = changed([{ interface: "eth0", dummy: true }]);
  assert.deepEqual(said, []);
  assert.deepEqual(faults, ["Cannot make dummy eth0: another interface has that name"]);
  const wrong = changed([{ interface: "eth0", vlans: [{ vlanId: 4095 }] }]);
  assert.deepEqual([wrong.said, wrong.faults], [[], [
    "Cannot make VLAN eth0.4095: ids are from 1 to 4094",
  ]]);
});

Deno.test("virtualChanges() puts members into a bond while they are down, and lets others go", () => {
  const bond = nic(9, "bond0", { kind: "bond", alias: MARK, bond: { mode: "802.3ad" } });
  assert.deepEqual(changed([BOND], [ETH0, nic(3, "eth1", { flags: 0 }), bond]).said, [
    "set link 2 down",
    "set link 2 into link 9",
    "set link 3 into link 9",
  ]);
  const joined = [nic(2, "eth0", { master: 9 }), nic(3, "eth1", { master: 9 }), bond];
  assert.deepEqual(changed([BOND], joined).said, []);
  const one = { ...BOND, bond: { ...BOND.bond, interfaces: ["eth0"] } };
  assert.deepEqual(changed([one], joined).said, ["set link 3 free"]);
});

Deno.test("virtualChanges() touches nothing that is ignored, nor what is over it", () => {
  assert.deepEqual(
    changed([{ ...VLAN, ignore: true }, { interface: "d0", dummy: true, ignore: true }])
      .said,
    [],
  );
  const cmdline = "talos.network.interface.ignore=eth0";
  assert.deepEqual(virtualChanges(settingsOf([VLAN], cmdline), [ETH0], new Map()).changes, []);
});

Deno.test("virtualChanges() neither puts an ignored link into a bond nor takes it out of one", () => {
  const bond = nic(9, "bond0", { kind: "bond", alias: MARK, bond: { mode: "802.3ad" } });
  const eth0 = nic(2, "eth0", { flags: 0 });
  const eth1 = nic(3, "eth1", { flags: 0 });
  const said = (interfaces: readonly object[], links: readonly Link[], cmdline = "") =>
    virtualChanges(settingsOf(interfaces, cmdline), links, new Map()).changes.map(describe);
  const cmdline = "talos.network.interface.ignore=eth0";
  assert.deepEqual(said([BOND], [eth0, eth1, bond], cmdline), ["set link 3 into link 9"]);
  const ignored = { interface: "eth1", ignore: true };
  assert.deepEqual(said([BOND, ignored], [eth0, eth1, bond]), ["set link 2 into link 9"]);
  const joined = nic(2, "eth0", { master: 9 });
  assert.deepEqual(said([{ ...BOND, bond: { mode: "802.3ad" } }], [joined, bond], cmdline), []);
});

function methods(interfaces: readonly object[], links: readonly Link[]) {
  const plans = interfacePlans(settingsOf(interfaces), links).interfaces;
  return Object.fromEntries(plans.map(({ link, addressing }) => [link.name, addressing.method]));
}

Deno.test("interfacePlans() gives a bond's members no address, and the bond DHCP", () => {
  const bond = nic(9, "bond0", { kind: "bond" });
  assert.deepEqual(methods([BOND], [ETH0, ETH1, bond]), {
    eth0: "none",
    eth1: "none",
    bond0: "dhcp",
  });
  // A bond that the kernel made by itself is nobody's.
  assert.deepEqual(methods([], [ETH0, bond]), { eth0: "dhcp" });
});

Deno.test("interfacePlans() addresses VLANs, dummies and tunnels only as said", () => {
  const vlans = [{ vlanId: 5, cidr: "10.6.0.2/24" }, { vlanId: 6, dhcp: true }, { vlanId: 7 }];
  const links = [
    ETH0,
    ...["eth0.5", "eth0.6", "eth0.7", "d0", "wg0"].map((name, at) => nic(10 + at, name)),
  ];
  const interfaces = [
    { interface: "eth0", vlans },
    { interface: "d0", dummy: true, cidr: "10.7.0.1/32" },
    { interface: "wg0", wireguard: {} },
  ];
  assert.deepEqual(methods(interfaces, links), {
    eth0: "none",
    "eth0.5": "static",
    "eth0.6": "dhcp",
    "eth0.7": "none",
    d0: "static",
    wg0: "none",
  });
});

const KEY = `${"A".repeat(42)}E=`;
const PEER = { publicKey: KEY, endpoint: "peer.test:51820", allowedIPs: ["10.9.0.1/16"] };

function tunnels(
  wireguard: object,
  held: Parameters<typeof tunnelChanges>[1],
  applied = new Map<string, string>(),
) {
  const settings = settingsOf([{ interface: "wg0", wireguard }]);
  return tunnelChanges(
    settings,
    held,
    applied,
    (host) => host === "peer.test" ? "10.0.0.9" : undefined,
  );
}

function deviceOf(changes: readonly Change[]) {
  const [change] = changes;
  assert.ok(change?.type === "tunnel");
  return change;
}

Deno.test("tunnelChanges() sets a tunnel once, and again when it is no longer so", () => {
  const empty = { name: "wg0", firewallMark: 0, peers: [] };
  const wireguard = {
    privateKey: btoa("\xff".repeat(32)),
    listenPort: 51820,
    peers: [{ ...PEER, persistentKeepaliveInterval: 25_000 }],
  };
  const { device, wanted } = deviceOf(tunnels(wireguard, [empty]).changes);
  assert.deepEqual(device.peers, [{
    publicKey: KEY,
    endpoint: { address: "10.0.0.9", port: 51820 },
    keepaliveSeconds: 25,
    allowedIps: [{ address: "10.9.0.0", prefix: 16 }],
  }]);
  assert.equal(device.privateKey, btoa(`\xf8${"\xff".repeat(30)}\x7f`), "as the kernel keeps it");
  const applied = new Map([["wg0", JSON.stringify(wanted)]]);
  assert.deepEqual(tunnels(wireguard, [device], applied).changes, []);
  const [peer] = device.peers;
  assert.ok(peer);
  const roamed = { ...device, peers: [{ ...peer, endpoint: { address: "10.0.0.77", port: 9 } }] };
  assert.deepEqual(tunnels(wireguard, [roamed], applied).changes, [], "a peer may move");
  const other = { ...device, peers: [{ ...peer, publicKey: btoa("x".repeat(32)) }] };
  assert.deepEqual(deviceOf(tunnels(wireguard, [other], applied).changes).device.peers.slice(1), [
    { publicKey: btoa("x".repeat(32)), allowedIps: [], remove: true },
  ]);
});

Deno.test("tunnelChanges() names what is wrong and never tells a key", () => {
  const held = [{ name: "wg0", peers: [] }];
  const { changes, faults } = tunnels({ privateKey: "hunter2" }, held);
  assert.deepEqual([changes, faults], [[], [
    "wg0: Cannot use privateKey: it is not 32 bytes in base64",
  ]]);
  assert.match(
    tunnels({ peers: [{ ...PEER, endpoint: "nowhere" }] }, held).faults.join(),
    /endpoint "nowhere": it is no <host>:<port>/,
  );
});
