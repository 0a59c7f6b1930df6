/** Leases in real time: two minutes, the shortest that dnsmasq gives. */
import assert from "node:assert/strict";
import { lacksProgram, rootTest } from "$ffi/testing.ts";
import { Cable, NODE_MAC, until } from "./_namespaces.ts";

const missing = lacksProgram("ip", "dnsmasq", "setpriv", "nsenter", "unshare", "hostname");
const LEASE_MS = 120_000;
const SERVED = [
  "--dhcp-range=10.5.0.50,10.5.0.60,255.255.255.0,2m",
  "--dhcp-range=fd05::50,fd05::60,64,2m",
  `--dhcp-host=${NODE_MAC},10.5.0.50,[fd05::50]`,
];
const BOTH = ["10.5.0.50/24", "fd05::50/128"];

if (Deno.env.get("TEST_TIER") === "long") {
  rootTest(
    "networkd renews its leases, loses them with their server, and takes it back after five minutes",
    async () => {
      await using cable = await Cable.lay();
      await cable.ipServer("address", "add", "fd05::1/64", "dev", "srv0", "nodad");
      await cable.addQuiet();
      const held = async () => [
        ...await cable.addresses(),
        ...await cable.addresses("eth0", "inet6"),
      ];
      const server = await cable.dnsmasq(...SERVED);
      const interfaces = [
        { interface: "eth0", dhcp: true, dhcpOptions: { ipv6: true } },
        { interface: "eth1", cidr: "10.6.0.2/24" },
      ];
      const networkd = await cable.networkd({ cmdline: "", network: { interfaces } });
      await until(() => networkd.isReady());
      await until(async () => (await held()).join() === BOTH.join());

      // At half of the lease both are renewed, with the server that gave them, at their address.
      const count = (pattern: RegExp) => server.log.match(pattern)?.length ?? 0;
      await until(() => Promise.resolve(count(/DHCPACK/g) === 2 && count(/DHCPRENEW/g) === 1));
      assert.deepEqual(await held(), BOTH);
      assert.equal(count(/DHCPDISCOVER|DHCPSOLICIT/g), 2, "the first ones of both");

      const silentMs = performance.now();
      await server.end();
      await until(async () => (await held()).length === 0, 2 * LEASE_MS);
      const lostMs = performance.now() - silentMs;
      assert.ok(lostMs > LEASE_MS / 2, `lost after ${lostMs} ms, before the leases ended`);
      assert.ok(lostMs < LEASE_MS + 10_000, `lost after ${lostMs} ms`);
      assert.deepEqual(await cable.addresses("eth1"), ["10.6.0.2/24"], "static links stay");
      assert.equal(await networkd.isReady(), true);

      await new Promise((resume) => setTimeout(resume, 300_000));
      const back = await cable.dnsmasq(...SERVED);
      await until(() => Promise.resolve(/DHCPACK/.test(back.log)));
      const granted = performance.now();
      await until(async () => (await held()).includes("10.5.0.50/24"));
      assert.ok(performance.now() - granted < 10_000);
      await until(async () => (await held()).join() === BOTH.join());
    },
    missing,
  );

  rootTest(
    "networkd keeps its IPv6 address when its server forgot it, and tells it anew",
    async () => {
      await using cable = await Cable.lay();
      await cable.ipServer("address", "add", "fd05::1/64", "dev", "srv0", "nodad");
      const served = ["--dhcp-range=fd05::50,fd05::60,64,2m", "--dhcp-duid=1,ab:cd"];
      const server = await cable.dnsmasq(...served);
      const dhcpOptions = { ipv4: false, ipv6: true };
      const eth0 = { interface: "eth0", dhcp: true, dhcpOptions };
      const networkd = await cable.networkd({ cmdline: "", network: { interfaces: [eth0] } });
      await until(() => Promise.resolve(networkd.log.includes("leased fd05::")));
      await server.end();
      const forgetful = await cable.dnsmasq(...served);
      const before = await cable.addresses("eth0", "inet6");
      await until(() => Promise.resolve(/DHCPRENEW/.test(forgetful.log)));
      await until(() => Promise.resolve(networkd.log.split("leased fd05::").length === 3));
      assert.match(forgetful.log, /lease not found/);
      assert.match(forgetful.log, /DHCPREQUEST/);
      assert.doesNotMatch(forgetful.log, /DHCPSOLICIT/);
      assert.doesNotMatch(networkd.log, /lease is lost/);
      assert.deepEqual(await cable.addresses("eth0", "inet6"), before);
    },
    missing,
  );
}
