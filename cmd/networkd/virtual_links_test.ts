import assert from "node:assert/strict";
import { lacksProgram, rootTest } from "$ffi/testing.ts";
import { Cable, lacksLinks, until } from "./_namespaces.ts";

const missing = Deno.uid() === 0 &&
  lacksProgram("ip", "dnsmasq", "setpriv", "nsenter", "unshare", "hostname");
const lacking = (...kinds: string[]) => missing || (Deno.uid() === 0 && lacksLinks(...kinds));

interface SeenLink {
  readonly ifname: string;
  readonly ifalias?: string;
  readonly master?: string;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: Record<string, unknown> };
}

const linksOf = async (cable: Cable) =>
  new Map((await cable.see<SeenLink>("link", "show")).map((link) => [link.ifname, link]));

const settings = (...interfaces: object[]) => ({ cmdline: "", network: { interfaces } });
const ETH0 = { interface: "eth0", cidr: "10.5.0.77/24" };

rootTest("networkd makes a VLAN, leases an address in it, and takes it away", async () => {
  await using cable = await Cable.lay();
  await cable.ipServer("link", "add", "link", "srv0", "name", "srv0.5", "type", "vlan", "id", "5");
  await cable.ipServer("address", "add", "10.6.0.1/24", "dev", "srv0.5");
  await cable.ipServer("link", "set", "srv0.5", "up");
  await cable.dnsmasq("--interface=srv0.5", "--dhcp-range=10.6.0.50,10.6.0.60,255.255.255.0,1h");
  const vlans = [{ vlanId: 5, dhcp: true }, { vlanId: 6, cidr: "10.7.0.2/24", routes: [] }];
  const networkd = await cable.networkd(settings({ ...ETH0, vlans }));
  await until(() => networkd.isReady());
  await until(async () => (await cable.addresses("eth0.5"))[0]?.startsWith("10.6.0."));
  assert.deepEqual(await cable.addresses("eth0.6"), ["10.7.0.2/24"]);
  await networkd.line(settings({ ...ETH0, vlans: vlans.slice(1) }));
  await until(async () => !(await linksOf(cable)).has("eth0.5"));
  assert.deepEqual(await cable.addresses("eth0.6"), ["10.7.0.2/24"]);
}, lacking("veth", "vlan"));

rootTest("networkd bonds two NICs, changes the bond live, and gives the NICs back", async () => {
  await using cable = await Cable.lay();
  await cable.double();
  await cable.dnsmasq("--dhcp-range=10.5.0.50,10.5.0.90,255.255.255.0,1h");
  const networkd = await cable.networkd({ cmdline: "", network: null });
  await until(() => networkd.isReady());
  await until(async () => (await cable.addresses("eth1")).length === 1);
  const bond = {
    interfaces: ["eth0", "eth1"],
    mode: "active-backup",
    miimon: 100,
    primary: "eth1",
  };
  await networkd.line(settings({ interface: "bond0", bond, dhcp: true }));
  await until(async () => (await cable.addresses("bond0"))[0]?.startsWith("10.5.0."));
  const held = await linksOf(cable);
  assert.deepEqual([held.get("eth0")?.master, held.get("eth1")?.master], ["bond0", "bond0"]);
  const { mode, miimon, primary } = held.get("bond0")?.linkinfo?.info_data ?? {};
  assert.deepEqual([mode, miimon, primary], ["active-backup", 100, "eth1"]);
  assert.deepEqual([await cable.addresses("eth0"), await cable.addresses("eth1")], [[], []]);

  const other = { ...bond, interfaces: ["eth0"], mode: "balance-xor", primary: "" };
  await networkd.line(settings({ interface: "bond0", bond: other, dhcp: true }));
  await until(async () => {
    const now = await linksOf(cable);
    return now.get("bond0")?.linkinfo?.info_data?.mode === "balance-xor" &&
      now.get("eth0")?.master === "bond0" && now.get("eth1")?.master === undefined &&
      (await cable.addresses("bond0")).length === 1 && (await cable.addresses("eth1")).length === 1;
  });

  await networkd.line({ cmdline: "", network: null });
  await until(async () => {
    const gone = !(await linksOf(cable)).has("bond0");
    return gone && (await cable.addresses("eth0")).length === 1;
  });
}, lacking("veth", "bridge", "bond"));

rootTest("networkd says why the kernel refuses a bond, and goes on with the rest", async () => {
  await using cable = await Cable.lay();
  const bond = { interfaces: [], mode: "balance-rr", lacpRate: "fast" };
  const networkd = await cable.networkd(settings(ETH0, { interface: "bond0", bond }));
  await until(() => networkd.isReady());
  assert.deepEqual(await cable.addresses(), ["10.5.0.77/24"]);
  assert.match(networkd.log, /Cannot add bond bond0: E\w+/);
}, lacking("veth", "bond"));

rootTest("networkd takes away after a crash what it made before, and nothing else", async () => {
  await using cable = await Cable.lay();
  await cable.ipNode("link", "add", "other", "type", "dummy");
  const dummy = { interface: "mine", dummy: true, cidr: "10.8.0.1/32", mtu: 1400 };
  const first = await cable.networkd(settings(ETH0, dummy));
  await until(() => first.isReady());
  assert.deepEqual(await cable.addresses("mine"), ["10.8.0.1/32"]);
  assert.equal((await linksOf(cable)).get("mine")?.ifalias, "networkd");
  await first.kill();
  const second = await cable.networkd(settings(ETH0));
  await until(() => second.isReady());
  const links = await linksOf(cable);
  assert.deepEqual([links.has("mine"), links.has("other")], [false, true]);
}, lacking("veth", "dummy"));

/** A pair of keys that wg made. */
async function keys(cable: Cable): Promise<{ secret: string; shared: string }> {
  const secret = (await cable.atServer("wg", "genkey")).trim();
  const shared = (await cable.atServer("sh", "-c", `echo ${secret} | wg pubkey`)).trim();
  return { secret, shared };
}

rootTest("networkd sets up WireGuard so that wg at the other end shakes hands", async () => {
  await using cable = await Cable.lay();
  const [own, server, stranger] = [await keys(cable), await keys(cable), await keys(cable)];
  await cable.ipServer("link", "add", "wg0", "type", "wireguard");
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, server.secret);
  await cable.atServer("wg", "set", "wg0", "private-key", file);
  await Deno.remove(file);
  const peer = ["peer", own.shared, "allowed-ips", "10.9.0.2/32"];
  await cable.atServer("wg", "set", "wg0", "listen-port", "51820", ...peer);
  await cable.ipServer("link", "set", "wg0", "up");
  const peers = [{
    publicKey: server.shared,
    endpoint: "10.5.0.1:51820",
    persistentKeepaliveInterval: 1_000,
    allowedIPs: ["10.9.0.1/24", "fd00:9::1/64"],
  }, { publicKey: stranger.shared, allowedIPs: ["10.10.0.0/16"] }];
  const wireguard = { privateKey: own.secret, listenPort: 51821, firewallMark: 7, peers };
  const wg0 = { interface: "wg0", cidr: "10.9.0.2/24", mtu: 1380, wireguard };
  const networkd = await cable.networkd(settings(ETH0, wg0));
  await until(() => networkd.isReady());
  await until(async () => {
    const shaken = await cable.atServer("wg", "show", "wg0", "latest-handshakes");
    return Number(shaken.trim().split("\t")[1]) > 0;
  });
  const shown = async (field: string) => (await cable.atNode("wg", "show", "wg0", field)).trim();
  assert.equal(await shown("private-key"), own.secret);
  assert.deepEqual([await shown("listen-port"), await shown("fwmark")], ["51821", "0x7"]);
  const allowed = await shown("allowed-ips");
  for (const ip of ["10.9.0.0/24", "fd00:9::/64", "10.10.0.0/16"]) assert.ok(allowed.includes(ip));
  await networkd.line(settings(ETH0, { ...wg0, wireguard: { ...wireguard, peers: [peers[0]] } }));
  await until(async () => !(await shown("peers")).includes(stranger.shared));
  assert.ok(Number((await shown("latest-handshakes")).split("\t")[1]) > 0, "its peer was left");
  assert.ok(!networkd.log.includes(own.secret));
  await networkd.line(settings(ETH0));
  await until(async () => !(await linksOf(cable)).has("wg0"));
}, lacking("veth", "wireguard") || lacksProgram("wg"));
