import assert from "node:assert/strict";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import {
  HOSTNAME,
  HostnameStatus,
  LinkStatus,
  type NetworkStatus,
  readNetworkStatus,
} from "$lib/resources/mod.ts";
import { Latest } from "$lib/service/mod.ts";
import { networkControllers } from "./network_status.ts";

const EMPTY: NetworkStatus = {
  links: {},
  addresses: {},
  routes: {},
  resolvers: {},
  hostnames: {},
  nodeAddresses: {},
};

const LINK = {
  index: 2,
  type: "ether",
  kind: "",
  hardwareAddr: "52:54:00:12:34:56",
  mtu: 1500,
  operationalState: "up",
  linkState: true,
  master: "",
};

Deno.test("networkControllers() show what networkd tells, and drop what is gone", async () => {
  const network = new Latest<NetworkStatus>();
  await using world = new ControllerWorld(networkControllers(network));
  network.set({
    ...EMPTY,
    links: { eth0: LINK, eth1: { ...LINK, index: 3 } },
    hostnames: { [HOSTNAME]: { hostname: "node-a", domainname: "" } },
  });
  await world.until(LinkStatus, "eth1", (spec) => spec?.index === 3);
  await world.until(HostnameStatus, HOSTNAME, (spec) => spec?.hostname === "node-a");
  network.set({ ...EMPTY, links: { eth0: { ...LINK, mtu: 1400 } } });
  await world.until(LinkStatus, "eth0", (spec) => spec?.mtu === 1400);
  await world.until(LinkStatus, "eth1", (spec) => spec === undefined);
  await world.until(HostnameStatus, HOSTNAME, (spec) => spec === undefined);
  assert.deepEqual(world.lines, []);
});

Deno.test("readNetworkStatus() names the part that is of the wrong kind", () => {
  assert.deepEqual(readNetworkStatus(structuredClone(EMPTY)), EMPTY);
  assert.throws(() => readNetworkStatus(null), /links are no objects/);
  assert.throws(() => readNetworkStatus({ ...EMPTY, routes: [] }), /routes are no objects/);
  assert.throws(() => readNetworkStatus({ ...EMPTY, routes: { a: 1 } }), /routes are no objects/);
});
