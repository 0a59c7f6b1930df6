import assert from "node:assert/strict";
import { lacksProgram, rootTest } from "$ffi/testing.ts";
import { InterfaceFlags, RouteProtocol } from "$proto/network/network_pb.ts";
import { Cable, NODE_MAC, until } from "./_namespaces.ts";

const missing = lacksProgram("ip", "dnsmasq", "setpriv", "nsenter", "unshare", "hostname");

const RANGE = "--dhcp-range=10.5.0.50,10.5.0.60,255.255.255.0,1h";
const ROUTER = "--dhcp-option=option:router,10.5.0.1";
const NOTHING = { cmdline: "", network: null };

rootTest("networkd leases an address on each NIC by default and answers for it", async () => {
  await using cable = await Cable.lay();
  await cable.dnsmasq(
    RANGE,
    "--dhcp-option=option:router,10.5.0.1",
    "--dhcp-option=option:dns-server,10.5.0.1,10.5.0.2",
    "--dhcp-option=option:mtu,1400",
    "--dhcp-option=121,192.168.0.0/16,10.5.0.9,0.0.0.0/0,10.5.0.1",
    "--domain=cluster.test",
    `--dhcp-host=${NODE_MAC},node-a`,
  );
  const networkd = await cable.networkd(NOTHING);
  await until(() => networkd.isReady());
  const [address = ""] = await cable.addresses();
  assert.match(address, /^10\.5\.0\.(5\d|60)\/24$/);
  assert.deepEqual(await cable.addresses("lo"), ["127.0.0.1/8"]);
  assert.deepEqual(await cable.routes(), [
    "default via 10.5.0.1 metric 1024 dhcp",
    "192.168.0.0/16 via 10.5.0.9 metric 1024 dhcp",
  ]);
  const ip = address.replace("/24", "");
  assert.equal(
    await networkd.file("resolv.conf"),
    "nameserver 10.5.0.1\nnameserver 10.5.0.2\nsearch cluster.test\n",
  );
  assert.equal(
    await networkd.file("hosts"),
    `127.0.0.1 localhost\n${ip} node-a.cluster.test node-a\n` +
      "::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n",
  );
  assert.equal(await networkd.hostname(), "node-a");
  assert.equal(await networkd.domainName(), "cluster.test");

  const [interfaces] = (await networkd.network.interfaces({})).messages;
  const eth0 = interfaces?.interfaces.find(({ name }) => name === "eth0");
  const [link] = await cable.see<{ address: string; ifindex: number }>("link", "show", "eth0");
  assert.equal(eth0?.mtu, 1400);
  assert.equal(eth0?.index, link?.ifindex);
  assert.equal(eth0?.hardwareaddr, link?.address);
  assert.equal(eth0?.flags, InterfaceFlags.FLAG_UP);
  assert.ok(eth0?.ipaddress.includes(address));
  const [routes] = (await networkd.network.routes({})).messages;
  const byDefault = routes?.routes.find(({ destination }) => destination === "0.0.0.0/0");
  assert.equal(byDefault?.interface, "eth0");
  assert.equal(byDefault?.gateway, "10.5.0.1");
  assert.equal(byDefault?.metric, 1024);
  assert.equal(byDefault?.protocol, RouteProtocol.RTPROT_DHCP);
  assert.equal(byDefault?.source, ip);

  const status = await networkd.status(({ nodeAddresses }) => nodeAddresses.default !== undefined);
  assert.equal(status.links.eth0?.hardwareAddr, link?.address);
  assert.deepEqual(status.addresses[`eth0/${address}`], {
    address,
    linkName: "eth0",
    family: "inet4",
    scope: "global",
  });
  const defaults = Object.values(status.routes).find((route) => route.destination === "0.0.0.0/0");
  assert.deepEqual([defaults?.gateway, defaults?.protocol], ["10.5.0.1", "dhcp"]);
  assert.deepEqual(status.resolvers.resolvers, {
    dnsServers: ["10.5.0.1", "10.5.0.2"],
    searchDomains: ["cluster.test"],
  });
  assert.equal(status.hostnames.hostname?.hostname, "node-a");
  assert.deepEqual(status.nodeAddresses.default?.addresses, [address]);
  // What others change shows too.
  await cable.ipNode("address", "add", "10.5.0.200/32", "dev", "eth0");
  await networkd.status(({ addresses }) => addresses["eth0/10.5.0.200/32"] !== undefined);
}, missing);

rootTest(
  "networkd declines a leased address that another host has, and takes the next",
  async () => {
    await using cable = await Cable.lay();
    // A host that dnsmasq, which gives out no address of its own, knows nothing of.
    await cable.ipServer("route", "add", "local", "10.5.0.50", "dev", "lo");
    const dnsmasq = await cable.dnsmasq(RANGE, ROUTER, `--dhcp-host=${NODE_MAC},10.5.0.50`);
    const networkd = await cable.networkd(NOTHING);
    await until(() => Promise.resolve(dnsmasq.log.includes("DHCPDECLINE")));
    assert.deepEqual(await cable.addresses(), []);
    assert.match(networkd.log, /another host has 10\.5\.0\.50/);
    await until(async () => (await cable.addresses()).length === 1, 60_000);
    assert.ok(!(await cable.addresses()).includes("10.5.0.50/24"));
  },
  missing,
);

rootTest("networkd that crashed keeps the node's address and asks for the same", async () => {
  await using cable = await Cable.lay();
  const dnsmasq = await cable.dnsmasq(RANGE, ROUTER);
  const first = await cable.networkd(NOTHING);
  await until(() => first.isReady());
  const before = [await cable.addresses(), await cable.routes()];
  await first.kill();
  assert.deepEqual([await cable.addresses(), await cable.routes()], before);
  const asked = dnsmasq.log.length;
  const second = await cable.networkd(NOTHING);
  await until(() => second.isReady());
  assert.deepEqual([await cable.addresses(), await cable.routes()], before);
  assert.doesNotMatch(dnsmasq.log.slice(asked), /DHCPDISCOVER/);
}, missing);

rootTest("networkd is ready without a DHCP server, and uses one that comes later", async () => {
  await using cable = await Cable.lay();
  const begun = performance.now();
  const networkd = await cable.networkd(NOTHING);
  await until(() => networkd.isReady());
  assert.ok(performance.now() - begun < 15_000);
  assert.deepEqual(await cable.addresses(), []);
  assert.equal(await networkd.hostname(), "talos-127-0-1-1");
  const dnsmasq = await cable.dnsmasq(RANGE, ROUTER);
  await until(() => Promise.resolve(dnsmasq.log.includes("DHCPACK")), 60_000);
  const acknowledged = performance.now();
  const [address = ""] = await until(async () => {
    const found = await cable.addresses();
    return found.length > 0 && found;
  }) || [];
  assert.ok(performance.now() - acknowledged < 2_000);
  const name = `talos-${address.replace("/24", "").replaceAll(".", "-")}`;
  await until(async () => await networkd.hostname() === name);
}, missing);

rootTest("networkd goes over to new settings live, and gives a lease back", async () => {
  await using cable = await Cable.lay();
  const dnsmasq = await cable.dnsmasq(RANGE, ROUTER);
  const networkd = await cable.networkd(NOTHING);
  await until(() => networkd.isReady());
  assert.deepEqual(await cable.routes(), ["default via 10.5.0.1 metric 1024 dhcp"]);
  const eth0 = {
    interface: "eth0",
    cidr: "10.5.0.77/24",
    mtu: 1300,
    routes: [
      { network: "0.0.0.0/0", gateway: "10.5.0.1" },
      { network: "10.9.0.0/16", gateway: "10.5.0.2", metric: 5 },
    ],
  };
  const network = {
    hostname: "node-b.example.test",
    nameservers: ["10.5.0.3", "10.5.0.4", "10.5.0.5", "10.5.0.6"],
    extraHostEntries: [{ ip: "10.5.0.9", aliases: ["registry", "registry.test"] }],
    interfaces: [eth0],
  };
  await networkd.line({ cmdline: "", network });
  await until(async () => (await cable.addresses()).join() === "10.5.0.77/24");
  assert.deepEqual(await cable.routes(), [
    "default via 10.5.0.1 metric 10 static",
    "10.9.0.0/16 via 10.5.0.2 metric 5 static",
  ]);
  const [link] = await cable.see<{ mtu: number }>("link", "show", "eth0");
  assert.equal(link?.mtu, 1300);
  await until(() => Promise.resolve(dnsmasq.log.includes("DHCPRELEASE")));
  await until(async () => await networkd.hostname() === "node-b");
  await until(async () => await networkd.domainName() === "example.test");
  await until(async () =>
    (await networkd.file("hosts")).includes("10.5.0.9 registry registry.test\n")
  );
  assert.match(await networkd.file("hosts"), /^10\.5\.0\.77 node-b\.example\.test node-b$/m);
  assert.equal(
    await networkd.file("resolv.conf"),
    "nameserver 10.5.0.3\nnameserver 10.5.0.4\nnameserver 10.5.0.5\nsearch example.test\n",
  );
  // A line that is no settings changes nothing, and another address replaces the first.
  await networkd.line({ cmdline: "", network: { interfaces: "all" } });
  const moved = { ...eth0, cidr: "10.6.0.1/24", routes: [] };
  await networkd.line({ cmdline: "", network: { interfaces: [moved] } });
  await until(async () => (await cable.addresses()).join() === "10.6.0.1/24");
  assert.deepEqual(await cable.routes(), []);
  assert.match(networkd.log, /Cannot read interfaces/);
}, missing);

rootTest("networkd takes address, gateway, name and name server from ip=", async () => {
  await using cable = await Cable.lay();
  const cmdline = "ip=10.5.0.99::10.5.0.1:255.255.255.0:control-1:eth0:off:10.5.0.53";
  const networkd = await cable.networkd({ cmdline, network: null });
  await until(() => networkd.isReady());
  assert.deepEqual(await cable.addresses(), ["10.5.0.99/24"]);
  assert.deepEqual(await cable.routes(), ["default via 10.5.0.1 metric 10 static"]);
  assert.equal(await networkd.hostname(), "control-1");
  assert.equal(await networkd.file("resolv.conf"), "nameserver 10.5.0.53\n");
}, missing);

rootTest("networkd never touches an interface that the kernel argument ignores", async () => {
  await using cable = await Cable.lay();
  const dnsmasq = await cable.dnsmasq(RANGE);
  const cmdline = "talos.network.interface.ignore=eth0";
  const networkd = await cable.networkd({ cmdline, network: null });
  await until(() => networkd.isReady());
  const [link] = await cable.see<{ flags: string[] }>("link", "show", "eth0");
  assert.ok(!link?.flags.includes("UP"));
  assert.doesNotMatch(dnsmasq.log, /DHCPDISCOVER/);
  assert.deepEqual(await cable.addresses("lo"), ["127.0.0.1/8"]);
}, missing);

rootTest(
  "networkd has a shared address while it is told to, and tells the neighbours",
  async () => {
    await using cable = await Cable.lay();
    const other = "02:00:00:00:00:99";
    await cable.ipServer(
      "neigh",
      "add",
      "10.5.0.250",
      "lladdr",
      other,
      "dev",
      "srv0",
      "nud",
      "stale",
    );
    const eth0 = { interface: "eth0", cidr: "10.5.0.77/24", vip: { ip: "10.5.0.250" } };
    const settings = { cmdline: "", network: { interfaces: [eth0] } };
    const networkd = await cable.networkd(settings);
    await until(() => networkd.isReady());
    assert.deepEqual(await cable.addresses(), ["10.5.0.77/24"]);
    await networkd.line({ ...settings, shared: ["10.5.0.250"] });
    await until(async () => (await cable.addresses()).includes("10.5.0.250/32"));
    await until(async () =>
      (await cable.ipServer("neigh", "show", "10.5.0.250")).includes(NODE_MAC)
    );
    assert.match(
      await networkd.file("hosts"),
      /^10\.5\.0\.77 /m,
      "its own address stays the first",
    );
    await networkd.line({ ...settings, shared: [] });
    await until(async () => (await cable.addresses()).join() === "10.5.0.77/24");
  },
  missing,
);

rootTest("networkd leaves alone what others set, and puts back what they take", async () => {
  await using cable = await Cable.lay();
  const eth0 = { interface: "eth0", cidr: "10.5.0.77/24" };
  const networkd = await cable.networkd({ cmdline: "", network: { interfaces: [eth0] } });
  await until(() => networkd.isReady());
  await cable.ipNode("address", "add", "10.5.0.200/32", "dev", "eth0");
  await cable.ipNode("route", "add", "10.244.1.0/24", "via", "10.5.0.3");
  await cable.ipNode("address", "del", "10.5.0.77/24", "dev", "eth0");
  await until(async () => (await cable.addresses()).includes("10.5.0.77/24"));
  assert.ok((await cable.addresses()).includes("10.5.0.200/32"));
  await cable.ipNode("route", "add", "10.244.2.0/24", "via", "10.5.0.3");
  await networkd.line({ cmdline: "", network: { interfaces: [{ ...eth0, mtu: 1300 }] } });
  await until(async () =>
    (await cable.see<{ mtu: number }>("link", "show", "eth0"))[0]?.mtu === 1300
  );
  assert.ok((await cable.addresses()).includes("10.5.0.200/32"));
  assert.deepEqual(await cable.routes(), [
    "10.244.1.0/24 via 10.5.0.3 metric 0 boot",
    "10.244.2.0/24 via 10.5.0.3 metric 0 boot",
  ]);
}, missing);

rootTest(
  "networkd asks again when the carrier comes back, on whatever network that is",
  async () => {
    await using cable = await Cable.lay();
    const home = await cable.dnsmasq(RANGE, ROUTER);
    const networkd = await cable.networkd(NOTHING);
    await until(() => networkd.isReady());
    await home.end();
    await cable.ipServer("link", "set", "srv0", "down");
    await until(async () => {
      const [link] = await cable.see<{ flags: string[] }>("link", "show", "eth0");
      return !link?.flags.includes("LOWER_UP");
    });
    await cable.ipServer("address", "replace", "10.7.0.1/24", "dev", "srv0");
    await cable.ipServer("address", "del", "10.5.0.1/24", "dev", "srv0");
    await cable.ipServer("link", "set", "srv0", "up");
    await cable.dnsmasq("--dhcp-range=10.7.0.50,10.7.0.60,255.255.255.0,1h");
    await until(async () =>
      (await cable.addresses()).every((ip) => ip.startsWith("10.7.0.")) &&
      (await cable.addresses()).length === 1
    );
    assert.deepEqual(await cable.routes(), ["default via 10.7.0.1 metric 1024 dhcp"]);
  },
  missing,
);

rootTest(
  "networkd takes an interface that appears while it runs, and survives its end",
  async () => {
    await using cable = await Cable.lay();
    await cable.dnsmasq(RANGE);
    await cable.ipNode("link", "set", "eth0", "name", "hidden");
    const networkd = await cable.networkd(NOTHING);
    await until(() => networkd.isReady());
    assert.deepEqual(await cable.addresses("hidden"), []);
    await cable.ipNode("link", "set", "hidden", "name", "eth0");
    await until(async () => (await cable.addresses()).length === 1);
    await cable.ipNode("link", "del", "eth0");
    await until(async () => {
      const [interfaces] = (await networkd.network.interfaces({})).messages;
      return interfaces?.interfaces.length === 1;
    });
    assert.equal((await networkd.end({ gently: true })).success, true, networkd.log);
  },
  missing,
);
