import assert from "node:assert/strict";
import {
  decodeAddress,
  decodeAttributes,
  decodeErrno,
  decodeErrorText,
  decodeLink,
  decodeMessages,
  decodeRoute,
  encodeAddress,
  encodeAttributes,
  encodeLinkChange,
  encodeMessage,
  encodeRoute,
  IFF,
  type NetlinkMessage,
  NLMSG,
  RTM,
} from "./mod.ts";
import { hexBytes, mutants, refusals } from "./_testing.ts";
import { DUMPS, IPROUTE2 } from "./testdata/netlink_dumps.ts";
import { REQUESTS } from "./testdata/iproute2_requests.ts";

function dumped(name: keyof typeof DUMPS, type: number): NetlinkMessage[] {
  return DUMPS[name].flatMap((hex) => decodeMessages(hexBytes(hex)))
    .filter((message) => message.type === type);
}

const SCOPES: Record<string, number> = { global: 0, site: 200, link: 253, host: 254 };
const PROTOCOLS: Record<string, number> = { kernel: 2, boot: 3, static: 4, dhcp: 16 };
const TABLES: Record<string, number> = { main: 254, local: 255 };

Deno.test("decodeLink() reads a dump as iproute2 does", () => {
  const links = dumped("links", RTM.NEWLINK).map(({ payload }) => decodeLink(payload));
  const nameOf = (index: number | undefined) => links.find((link) => link.index === index)?.name;
  const got = links.map((link) => ({
    ifindex: link.index,
    ifname: link.name,
    mtu: link.mtu,
    address: link.mac,
    ...(link.master === undefined ? {} : { master: nameOf(link.master) }),
    kind: link.kind ?? null,
    up: (link.flags & IFF.UP) !== 0,
  }));
  assert.deepEqual(got, IPROUTE2.links);
});

Deno.test("decodeAddress() reads a dump as iproute2 does", () => {
  const addresses = dumped("addresses", RTM.NEWADDR).map(({ payload }) => decodeAddress(payload));
  const key = (entry: { ifindex: number; local: string }) => `${entry.ifindex} ${entry.local}`;
  const got = addresses.map((address) => ({
    family: address.family === 2 ? "inet" : "inet6",
    local: address.address,
    prefixlen: address.prefix,
    scope: Object.keys(SCOPES).find((name) => SCOPES[name] === address.scope),
    ...(address.label ? { label: address.label } : {}),
    ...(address.broadcast ? { broadcast: address.broadcast } : {}),
    valid_life_time: address.validSeconds ?? 4294967295,
    ifindex: address.index,
  }));
  const byKey = (a: { ifindex: number; local: string }, b: { ifindex: number; local: string }) =>
    key(a) < key(b) ? -1 : 1;
  assert.deepEqual(got.sort(byKey), [...IPROUTE2.addresses].sort(byKey));
});

Deno.test("decodeRoute() reads a dump as iproute2 does", () => {
  const names = new Map(IPROUTE2.links.map((link) => [link.ifindex, link.ifname]));
  const routes = dumped("routes", RTM.NEWROUTE).map(({ payload }) => decodeRoute(payload));
  const lines = routes.map((route) =>
    [
      route.prefix === 0
        ? "default"
        : route.prefix === (route.family === 2 ? 32 : 128)
        ? route.destination
        : `${route.destination}/${route.prefix}`,
      route.gateway ?? "-",
      names.get(route.index ?? 0) ?? "-",
      route.protocol,
      route.table,
      route.source ?? "-",
      route.metric,
    ].join(" ")
  );
  // iproute2 shows lo as the device of unreachable routes only in IPv6; neither has a gateway.
  const want = IPROUTE2.routes.map((route: Record<string, unknown>) =>
    [
      route.dst,
      route.gateway ?? "-",
      route.dev ?? "-",
      PROTOCOLS[String(route.protocol)],
      TABLES[String(route.table ?? "main")] ?? Number(route.table),
      route.prefsrc ?? "-",
      route.metric ?? 0,
    ].join(" ")
  );
  assert.deepEqual(lines.sort(), want.sort());
});

/** Attributes come in any order, so what both mean is compared, attribute by attribute. */
function assertSameRequest(
  got: { type: number; flags: number; payload: Uint8Array },
  hex: string,
  headerSize: number,
) {
  const [want] = decodeMessages(hexBytes(hex));
  assert.ok(want);
  assert.deepEqual([got.type, got.flags], [want.type, want.flags]);
  assert.deepEqual(got.payload.slice(0, headerSize), want.payload.slice(0, headerSize));
  const sorted = (payload: Uint8Array) =>
    [...decodeAttributes(payload.subarray(headerSize), "test")]
      .filter(([type]) => headerSize !== 12 || type !== 15)
      .sort(([a], [b]) => a - b).map(([type, bytes]) => [type, [...bytes]]);
  assert.deepEqual(sorted(got.payload), sorted(want.payload));
}

Deno.test("encodeLinkChange() writes what ip link set sends", () => {
  const mtu = encodeLinkChange({ index: 3, mtu: 1300 });
  assertSameRequest({ type: RTM.NEWLINK, flags: 5, payload: mtu }, REQUESTS.linkMtu, 16);
  const up = encodeLinkChange({ index: 3, up: true });
  assertSameRequest({ type: RTM.NEWLINK, flags: 5, payload: up }, REQUESTS.linkUp, 16);
});

Deno.test("encodeAddress() writes what ip addr sends", () => {
  const address = { family: 2, index: 3, address: "10.6.0.2", prefix: 24, scope: 0 };
  const added = encodeAddress({ ...address, broadcast: "10.6.0.255", validSeconds: 100 });
  assertSameRequest({ type: RTM.NEWADDR, flags: 0x605, payload: added }, REQUESTS.addressAdd, 8);
  const removed = encodeAddress(address);
  assertSameRequest({ type: RTM.DELADDR, flags: 5, payload: removed }, REQUESTS.addressRemove, 8);
  const six = encodeAddress({ family: 10, index: 3, address: "fd01::2", prefix: 64, scope: 0 });
  assertSameRequest({ type: RTM.NEWADDR, flags: 0x605, payload: six }, REQUESTS.address6Add, 8);
});

Deno.test("encodeRoute() writes what ip route sends", () => {
  const route = { family: 2, index: 3, table: 254, type: 1, scope: 0, flags: 0 };
  const added = encodeRoute({
    ...route,
    destination: "10.77.0.0",
    prefix: 16,
    gateway: "10.5.0.1",
    source: "10.5.0.2",
    metric: 7,
    protocol: 16,
  });
  assertSameRequest({ type: RTM.NEWROUTE, flags: 0x605, payload: added }, REQUESTS.routeAdd, 12);
  const replaced = encodeRoute({
    ...route,
    destination: "0.0.0.0",
    prefix: 0,
    gateway: "10.5.0.1",
    metric: 10,
    protocol: 4,
  });
  assertSameRequest(
    { type: RTM.NEWROUTE, flags: 0x505, payload: replaced },
    REQUESTS.routeReplace,
    12,
  );
});

Deno.test("encodeRoute() keeps a table number that does not fit a byte", () => {
  const [request] = decodeMessages(hexBytes(REQUESTS.routeTable));
  assert.ok(request);
  const route = decodeRoute(request.payload);
  assert.equal(route.table, 1000);
  assert.deepEqual(decodeRoute(encodeRoute(route)), route);
});

Deno.test("encodeLink, encodeAddress and encodeRoute survive the way back for a whole dump", () => {
  for (const { payload } of dumped("addresses", RTM.NEWADDR)) {
    const address = decodeAddress(payload);
    assert.deepEqual(decodeAddress(encodeAddress(address)), address);
  }
  for (const { payload } of dumped("routes", RTM.NEWROUTE)) {
    const route = decodeRoute(payload);
    assert.deepEqual(decodeRoute(encodeRoute(route)), route);
  }
});

Deno.test("decodeErrno() tells errors from acknowledgements", () => {
  const reply = (errno: number, type: number = NLMSG.ERROR) => {
    const payload = new Uint8Array(20);
    new DataView(payload.buffer).setInt32(0, -errno, true);
    return { type, flags: 0, sequence: 1, port: 0, payload };
  };
  assert.equal(decodeErrno(reply(17)), 17);
  assert.equal(Object.is(decodeErrno(reply(0)), 0), true);
  assert.equal(decodeErrno({ ...reply(0, NLMSG.DONE), payload: new Uint8Array() }), 0);
  assert.throws(() => decodeErrno({ ...reply(1), payload: new Uint8Array(2) }), RangeError);
});

Deno.test("decodeMessages() reads back what encodeMessage() wrote, padded to four", () => {
  const message = { type: 16, flags: 5, sequence: 77, payload: Uint8Array.of(1, 2, 3) };
  const bytes = encodeMessage(message);
  assert.equal(bytes.length, 20);
  assert.deepEqual(decodeMessages(bytes), [{ ...message, port: 0 }]);
});

Deno.test("decodeAttributes() keeps the last of a repeated type and drops flag bits", () => {
  const bytes = encodeAttributes([[1, Uint8Array.of(1)], [0x8001, Uint8Array.of(2, 3)]]);
  assert.deepEqual([...decodeAttributes(bytes, "test")], [[1, Uint8Array.of(2, 3)]]);
});

Deno.test("netlink decoders end damaged dumps in an error that names the part, or a value", () => {
  const samples = Object.values(DUMPS).flatMap((hexes) => hexes.map(hexBytes));
  // Single messages, so that damage reaches every decoder and not only the framing.
  const single = samples.flatMap((bytes) => decodeMessages(bytes)).map(encodeMessage);
  const decoders = new Map<number, (payload: Uint8Array) => unknown>([
    [RTM.NEWLINK, decodeLink],
    [RTM.NEWADDR, decodeAddress],
    [RTM.NEWROUTE, decodeRoute],
  ]);
  const decode = (bytes: Uint8Array) => {
    for (const message of decodeMessages(bytes)) decoders.get(message.type)?.(message.payload);
  };
  const faults = refusals(decode, mutants(single, 10_000, 2));
  assert.ok(faults > 1_000, `only ${faults} mutants were refused`);
});

Deno.test("decodeErrorText() reads what the kernel says of a request it refuses", () => {
  const tail = encodeAttributes([[1, new TextEncoder().encode("Device can not be enslaved\0")]]);
  const error = (flags: number, request: Uint8Array) => ({
    type: NLMSG.ERROR,
    flags,
    sequence: 1,
    port: 0,
    payload: Uint8Array.of(0xff, 0xff, 0xff, 0xff, ...request, ...tail),
  });
  const request = encodeMessage({ type: 16, flags: 5, sequence: 1, payload: new Uint8Array(17) });
  assert.equal(decodeErrorText(error(0x200, request)), "Device can not be enslaved");
  const header = request.subarray(0, 16);
  assert.equal(decodeErrorText(error(0x300, header)), "Device can not be enslaved");
  assert.equal(decodeErrorText(error(0, request)), "");
  assert.equal(decodeErrorText({ ...error(0x200, header), payload: new Uint8Array(4) }), "");
});
