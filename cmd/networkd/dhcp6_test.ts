import assert from "node:assert/strict";
import { lacksProgram, rootTest } from "$ffi/testing.ts";
import { Cable, NODE_MAC, until } from "./_namespaces.ts";

const missing = lacksProgram(
  "ip",
  "dnsmasq",
  "setpriv",
  "nsenter",
  "unshare",
  "hostname",
  "sysctl",
);

const RANGE = "--dhcp-range=10.5.0.50,10.5.0.60,255.255.255.0,1h";
const RANGE6 = "--dhcp-range=fd05::50,fd05::60,64,1h";
const SERVERS6 = "--dhcp-option=option6:dns-server,[fd05::1],[fd05::2]";
const SEARCH6 = "--dhcp-option=option6:domain-search,cluster.test,lab.test";
const HOST6 = `--dhcp-host=${NODE_MAC},[fd05::50]`;

function settings(dhcpOptions: object, rest: object = {}) {
  const eth0 = { interface: "eth0", dhcp: true, dhcpOptions, ...rest };
  return { cmdline: "", network: { interfaces: [eth0] } };
}

/** A cable whose server has an IPv6 address beside the other. */
async function cable6(): Promise<Cable> {
  const cable = await Cable.lay();
  await cable.ipServer("address", "add", "fd05::1/64", "dev", "srv0", "nodad");
  return cable;
}

rootTest("networkd leases an address of each family, and takes the servers of both", async () => {
  await using cable = await cable6();
  // As a node of Kubernetes does: a kernel that forwards heeds no router unless told to.
  await cable.atNode("sysctl", "-qw", "net.ipv6.conf.eth0.forwarding=1");
  const router = "--dhcp-option=option:router,10.5.0.1";
  const dns = "--dhcp-option=option:dns-server,10.5.0.1";
  await cable.dnsmasq(RANGE, router, dns, RANGE6, SERVERS6, SEARCH6, HOST6, "--enable-ra");
  const networkd = await cable.networkd(settings({ ipv6: true, routeMetric: 77 }));
  await until(() => networkd.isReady());
  await until(async () => (await cable.addresses("eth0", "inet6")).includes("fd05::50/128"));
  const [address = ""] = await cable.addresses();
  assert.match(address, /^10\.5\.0\.(5\d|60)\/24$/);
  assert.deepEqual(await cable.routes(), ["default via 10.5.0.1 metric 77 dhcp"]);
  await until(async () =>
    await networkd.file("resolv.conf") ===
      "nameserver 10.5.0.1\nnameserver fd05::1\nnameserver fd05::2\nsearch cluster.test lab.test\n"
  );
  assert.match(await networkd.file("hosts"), new RegExp(`^${address.replace("/24", "")} `, "m"));
  // The way out is the router's word.
  await until(async () =>
    /^default via fe80::\S+ .*proto ra/m.test(await cable.ipNode("-6", "route"))
  );
  await networkd.status(({ addresses }) => addresses["eth0/fd05::50/128"]?.family === "inet6");
}, missing);

rootTest("networkd takes IPv6 addresses in square brackets from ip=", async () => {
  await using cable = await cable6();
  const cmdline = "ip=[fd05::99]::[fd05::1]:64:control-1:eth0:off:[fd05::53]";
  const networkd = await cable.networkd({ cmdline, network: null });
  await until(() => networkd.isReady());
  assert.deepEqual(await cable.addresses("eth0", "inet6"), ["fd05::99/64"]);
  assert.match(await cable.ipNode("-6", "route"), /^default via fd05::1 .*metric 10 /m);
  assert.match(await networkd.file("hosts"), /^fd05::99 control-1$/m);
  assert.equal(await networkd.file("resolv.conf"), "nameserver fd05::53\n");
}, missing);

rootTest("networkd does DHCPv6 alone where that is asked, and gives the lease back", async () => {
  await using cable = await cable6();
  const dnsmasq = await cable.dnsmasq(RANGE, RANGE6, SERVERS6, SEARCH6, HOST6);
  const networkd = await cable.networkd(settings({ ipv4: false, ipv6: true }));
  await until(() => networkd.isReady());
  await until(async () => (await cable.addresses("eth0", "inet6")).join() === "fd05::50/128");
  assert.deepEqual(await cable.addresses(), []);
  assert.doesNotMatch(dnsmasq.log, /DHCPDISCOVER/);
  await until(async () => /^fd05::50 talos-fd05-50\./m.test(await networkd.file("hosts")));
  assert.equal(await networkd.hostname(), "talos-fd05-50");
  await networkd.line(settings({ ipv4: true }));
  await until(async () => (await cable.addresses("eth0", "inet6")).length === 0);
  await until(() => Promise.resolve(/DHCPRELEASE\(srv0\) 00:03:00:01/.test(dnsmasq.log)));
  await until(async () => (await cable.addresses()).length === 1);
}, missing);

rootTest("networkd that crashed keeps its IPv6 address and asks for the same", async () => {
  await using cable = await cable6();
  const dnsmasq = await cable.dnsmasq(RANGE6, "--enable-ra", "--dhcp-authoritative");
  const only6 = settings({ ipv4: false, ipv6: true });
  const first = await cable.networkd(only6);
  await until(() => first.isReady());
  await until(() => Promise.resolve(first.log.includes("leased fd05::")));
  const before = await until(async () => {
    const found = await cable.addresses("eth0", "inet6");
    return found.length > 0 && found;
  });
  await first.kill();
  assert.deepEqual(await cable.addresses("eth0", "inet6"), before);
  const asked = dnsmasq.log.length;
  const second = await cable.networkd(only6);
  await until(() => Promise.resolve(second.log.includes("leased fd05::")));
  assert.deepEqual(await cable.addresses("eth0", "inet6"), before);
  assert.match(dnsmasq.log.slice(asked), /DHCPREBIND/);
  assert.doesNotMatch(dnsmasq.log.slice(asked), /DHCPSOLICIT/);
}, missing);

rootTest(
  "networkd declines an IPv6 address that another host has, and takes the next",
  async () => {
    await using cable = await cable6();
    await cable.ipServer("address", "add", "fd05::50/128", "dev", "srv0", "nodad");
    const dnsmasq = await cable.dnsmasq(RANGE6, HOST6);
    const networkd = await cable.networkd(settings({ ipv4: false, ipv6: true }));
    await until(() => Promise.resolve(dnsmasq.log.includes("DHCPDECLINE")));
    assert.match(networkd.log, /another host has fd05::50/);
    await until(async () => {
      const found = await cable.addresses("eth0", "inet6");
      return found.length === 1 && found[0] !== "fd05::50/128";
    }, 60_000);
  },
  missing,
);

rootTest("networkd is ready without a DHCPv6 server, and uses one that comes later", async () => {
  await using cable = await cable6();
  const begun = performance.now();
  const networkd = await cable.networkd(settings({ ipv4: false, ipv6: true }));
  await until(() => networkd.isReady());
  assert.ok(performance.now() - begun < 20_000);
  const dnsmasq = await cable.dnsmasq(RANGE6, HOST6);
  await until(() => Promise.resolve(/DHCPREPLY\(srv0\) fd05::50/.test(dnsmasq.log)), 60_000);
  const granted = performance.now();
  await until(async () => (await cable.addresses("eth0", "inet6")).includes("fd05::50/128"));
  assert.ok(performance.now() - granted < 10_000);
}, missing);

rootTest(
  "networkd keeps its IPv6 address over a lost carrier, with another server too",
  async () => {
    await using cable = await cable6();
    const server = await cable.dnsmasq(RANGE6);
    const networkd = await cable.networkd(settings({ ipv4: false, ipv6: true }));
    await until(() => networkd.isReady());
    const before = await until(async () => {
      const found = await cable.addresses("eth0", "inet6");
      return found.length > 0 && found;
    });
    await server.end();
    const other = await cable.dnsmasq(RANGE6);
    // A carrier that comes back is when a client asks for what it has.
    await cable.ipServer("link", "set", "srv0", "down");
    await cable.ipServer("link", "set", "srv0", "up");
    await cable.ipServer("address", "replace", "fd05::1/64", "dev", "srv0", "nodad");
    await until(() => Promise.resolve(networkd.log.split("leased fd05::").length === 3));
    assert.deepEqual(await cable.addresses("eth0", "inet6"), before);
    assert.doesNotMatch(networkd.log, /lease is lost/);
    assert.doesNotMatch(other.log, /DHCPSOLICIT/);
    assert.match(other.log, /DHCPREBIND/);
  },
  missing,
);
