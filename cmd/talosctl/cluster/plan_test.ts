import assert from "node:assert/strict";
import { DEFAULT_NETWORK, planNetwork } from "./network.ts";
import {
  additionalSans,
  addressArgument,
  cardAddress,
  endpoints,
  machineNetwork,
  networkState,
  planNodes,
  stagesOf,
} from "./plan.ts";

const SIZES = { name: "c", cpus: 2, memoryMib: 2048, diskMib: 4096, initNode: false };
const NETWORK = planNetwork(DEFAULT_NETWORK);
const loopback = (used: ReadonlySet<string>) => `127.0.0.${used.size + 1}`;

Deno.test("planNodes() puts control planes first, each machine with addresses of its own", () => {
  const nodes = planNodes({ ...SIZES, masters: 3, workers: 1 }, NETWORK, loopback);
  assert.deepEqual(nodes.map(({ name, type, address, ip }) => [name, type, address, ip]), [
    ["c-master-1", "controlplane", "127.0.0.1", "10.0.2.15"],
    ["c-master-2", "controlplane", "127.0.0.2", "10.0.2.16"],
    ["c-master-3", "controlplane", "127.0.0.3", "10.0.2.17"],
    ["c-worker-1", "join", "127.0.0.4", "10.0.2.18"],
  ]);
  assert.equal(new Set(nodes.map(({ uuid }) => uuid)).size, 4);
  assert.equal(new Set(nodes.map(cardAddress)).size, 4);
  assert.equal(cardAddress(nodes[0]!), "52:54:0a:00:02:0f");
  assert.deepEqual([nodes[3]?.memoryBytes, nodes[3]?.cpus], [2 ** 31, 2]);
});

Deno.test("planNodes() makes only the first control plane an init node", () => {
  const nodes = planNodes({ ...SIZES, masters: 2, workers: 1, initNode: true }, NETWORK, loopback);
  assert.deepEqual(nodes.map(({ type }) => type), ["init", "controlplane", "join"]);
});

Deno.test("a machine alone keeps QEMU's own network, several have one that is told by the kernel", () => {
  const alone = planNodes({ ...SIZES, masters: 1, workers: 0 }, NETWORK, loopback);
  assert.deepEqual(addressArgument(alone[0]!, NETWORK, alone), []);
  assert.deepEqual(additionalSans(alone[0]!, alone), ["127.0.0.1"]);
  assert.deepEqual(endpoints(alone, NETWORK, undefined), {
    inside: "https://127.0.0.1:6443",
    outside: "https://127.0.0.1:6443",
  });
  const two = planNodes({ ...SIZES, masters: 1, workers: 1 }, NETWORK, loopback);
  assert.deepEqual(addressArgument(two[1]!, NETWORK, two), [
    "ip=10.0.2.16::10.0.2.2:255.255.255.0:c-worker-1::off:10.0.2.3",
  ]);
  assert.deepEqual(endpoints(two, NETWORK, 7443), {
    inside: "https://10.0.2.2:7443",
    outside: "https://127.0.0.1:7443",
  });
  assert.deepEqual(endpoints(two, NETWORK, undefined), {
    inside: "https://10.0.2.15:6443",
    outside: "https://127.0.0.1:6443",
  });
  assert.equal(networkState("c", NETWORK, two).name, "c");
});

Deno.test("additionalSans() let every control plane be called by any of their addresses, a worker by its own", () => {
  const nodes = planNodes(
    { ...SIZES, masters: 2, workers: 1 },
    NETWORK,
    (used) => `127.0.0.${used.size + 5}`,
  );
  assert.deepEqual(additionalSans(nodes[1]!, nodes), ["127.0.0.1", "127.0.0.5", "127.0.0.6"]);
  assert.deepEqual(additionalSans(nodes[2]!, nodes), ["127.0.0.7"]);
});

const NODES = planNodes({ ...SIZES, masters: 3, workers: 2 }, NETWORK, loopback);
for (
  const [what, emulated, hostCpus, want] of [
    ["start control planes one by one, then workers, on a small host", true, 2, [1, 1, 1, 2]],
    ["start together where the host has a CPU for each of theirs", true, 10, [5]],
    ["start together when they are not emulated", false, 2, [5]],
  ] as const
) {
  Deno.test(`stagesOf() lets machines ${what}`, () => {
    const stages = stagesOf(NODES, { emulated, hostCpus });
    assert.deepEqual(stages.map(({ length }) => length), want);
    assert.deepEqual(stages.flat(), NODES);
  });
}

Deno.test("stagesOf() is one stage for a machine that is alone", () => {
  const alone = planNodes({ ...SIZES, masters: 1, workers: 0 }, NETWORK, loopback);
  assert.deepEqual(stagesOf(alone, { emulated: true, hostCpus: 2 }), [alone]);
});

const ASKED = { cidr: "172.20.7.9/22", mtu: 1400, nameservers: [], useVip: true };

Deno.test("machines have the network that is asked for", () => {
  const network = planNetwork(ASKED);
  const nodes = planNodes({ ...SIZES, masters: 1, workers: 1 }, network, loopback);
  assert.deepEqual(nodes.map(({ ip }) => ip), ["172.20.4.15", "172.20.4.16"]);
  assert.deepEqual(addressArgument(nodes[1]!, network, nodes), [
    "ip=172.20.4.16::172.20.4.2:255.255.252.0:c-worker-1::off:172.20.4.3",
  ]);
  assert.deepEqual(endpoints(nodes, network, 7443), {
    inside: "https://172.20.4.50:6443",
    outside: "https://127.0.0.1:7443",
  });
  const { cidr, gateway, mtu } = networkState("c", network, nodes);
  assert.deepEqual([cidr, gateway, mtu], ["172.20.4.0/22", "172.20.4.2", 1400]);
});

Deno.test("machineNetwork() of a machine that is alone leaves its address to DHCP", () => {
  const network = planNetwork(ASKED);
  const alone = planNodes({ ...SIZES, masters: 1, workers: 0 }, network, loopback);
  assert.deepEqual(machineNetwork(alone[0]!, network, alone).interfaces, [
    { interface: "eth0", mtu: 0, dhcp: true, vip: { ip: "172.20.4.50" } },
  ]);
  assert.deepEqual(machineNetwork(alone[0]!, NETWORK, alone), { hostname: "c-master-1" });
});
