import assert from "node:assert/strict";
import { DEFAULT_NETWORK, maskOf, type NetworkOptions, nth, planNetwork } from "./network.ts";

Deno.test("planNetwork() has addresses where QEMU has them", () => {
  assert.deepEqual(planNetwork({ ...DEFAULT_NETWORK, cidr: "10.5.0.7/24", useVip: true }), {
    ...{ cidr: "10.5.0.0/24", prefix: 24, mtu: 1500, nameservers: [] },
    ...{ gateway: "10.5.0.2", resolver: "10.5.0.3", firstMachine: "10.5.0.15", vip: "10.5.0.50" },
  });
  assert.equal(planNetwork(DEFAULT_NETWORK).vip, undefined);
});

const REFUSED: readonly [Partial<NetworkOptions>, RegExp][] = [
  [{ cidr: "10.5.0.0" }, /--cidr "10.5.0.0": it has to be an IPv4 network such as 10.0.2.0\/24/],
  [{ cidr: "ten/24" }, /--cidr "ten\/24": it has to be/],
  [{ cidr: "fd00::/64" }, /IPv4 networks only/],
  [{ cidr: "10.5.0.0/27" }, /prefix length has to be between 8 and 26/],
  [{ cidr: "10.0.0.0/7" }, /prefix length has to be between 8 and 26/],
  [{ cidr: "127.0.5.0/24" }, /machines cannot have its addresses/],
  [{ cidr: "224.0.0.0/24" }, /machines cannot have its addresses/],
  [{ cidr: "10.244.3.0/24" }, /overlaps 10.244.0.0\/16, which is for the pods/],
  [{ cidr: "10.0.0.0/8" }, /overlaps 10.244.0.0\/16/],
  [{ cidr: "10.100.0.0/16" }, /overlaps 10.96.0.0\/12, which is for the services/],
  [{ mtu: 0 }, /--mtu 0: it has to be between 576 and 9000/],
  [{ mtu: 65_536 }, /--mtu 65536/],
  [
    { nameservers: ["1.1.1.1", "dns.test"] },
    /--nameservers "dns.test": it has to be an IP address/,
  ],
];

for (const [asked, fault] of REFUSED) {
  Deno.test(`planNetwork() refuses ${JSON.stringify(asked)}`, () => {
    assert.throws(() => planNetwork({ ...DEFAULT_NETWORK, ...asked }), fault);
  });
}

Deno.test("planNetwork() takes name servers of both families", () => {
  const nameservers = ["8.8.8.8", "2001:4860:4860::8888"];
  assert.deepEqual(planNetwork({ ...DEFAULT_NETWORK, nameservers }).nameservers, nameservers);
});

Deno.test("nth() and maskOf() count beyond a byte", () => {
  assert.equal(nth("10.0.0.250", 10), "10.0.1.4");
  assert.deepEqual([maskOf(8), maskOf(22), maskOf(26)], [
    ...["255.0.0.0", "255.255.252.0", "255.255.255.192"],
  ]);
});
