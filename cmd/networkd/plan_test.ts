import assert from "node:assert/strict";
import { type Address, ARPHRD, IFF, type Link, type Route, RTPROT } from "$lib/codec/mod.ts";
import { interfacePlans } from "./interface_plan.ts";
import type { Lease, Leases } from "./lease.ts";
import { decideNames } from "./names.ts";
import { networkPlan } from "./network_plan.ts";
import { addressKey, type Change, changesTo, type Hold, type KernelNetwork } from "./reconcile.ts";
import { describe } from "./route_kernel.ts";
import { readSettings } from "./settings.ts";

function nic(index: number, name: string, rest: Partial<Link> = {}): Link {
  return {
    index,
    name,
    type: ARPHRD.ETHER,
    flags: IFF.UP | IFF.LOWER_UP,
    mtu: 1500,
    mac: "52:54:00:12:34:56",
    carrierLosses: 0,
    ...rest,
  };
}

const LO = nic(1, "lo", { type: ARPHRD.LOOPBACK });
const ETH0 = nic(2, "eth0");
const ETH1 = nic(3, "eth1");

const LEASE: Lease = {
  address: "10.5.0.50",
  prefix: 24,
  server: "10.5.0.1",
  routers: ["10.5.0.1"],
  routes: [],
  dns: ["10.5.0.1"],
  domains: [],
  renewAtMs: 0,
  rebindAtMs: 0,
  expiresAtMs: 60_000,
};

/** Everything that follows from settings, links and leases. */
function planned(
  line: { cmdline?: string; network?: unknown },
  links: readonly Link[] = [LO, ETH0, ETH1],
  leases: Leases = new Map(),
) {
  const settings = readSettings({ cmdline: "", network: null, ...line });
  const { interfaces, faults } = interfacePlans(settings, links);
  return {
    interfaces,
    methods: Object.fromEntries(
      interfaces.map(({ link, addressing }) => [link.name, addressing.method]),
    ),
    plan: networkPlan(LO.index, interfaces, leases, 0),
    names: decideNames(settings, interfaces, leases),
    faults,
  };
}

const eth = (rest: object) => ({ network: { interfaces: [{ interface: "eth0", ...rest }] } });

const METHODS: { name: string; line: object; links?: Link[]; want: Record<string, string> }[] = [
  { name: "does DHCP on every NIC by default", line: {}, want: { eth0: "dhcp", eth1: "dhcp" } },
  {
    name: "leaves out what the kernel argument ignores",
    line: { cmdline: "talos.network.interface.ignore=eth0" },
    want: { eth1: "dhcp" },
  },
  {
    name: "leaves out what the configuration ignores, ip= or not",
    line: { ...eth({ ignore: true }), cmdline: "ip=10.0.0.2:::24" },
    want: { eth1: "static" },
  },
  {
    name: "takes a static address",
    line: eth({ cidr: "10.0.0.2/24" }),
    want: {
      eth0: "static",
      eth1: "dhcp",
    },
  },
  { name: "does DHCP where nothing is said", line: eth({}), want: { eth0: "dhcp", eth1: "dhcp" } },
  {
    name: "does none where DHCPv4 is off",
    line: eth({ dhcp: true, dhcpOptions: { ipv4: false } }),
    want: { eth0: "none", eth1: "dhcp" },
  },
  {
    name: "gives ip= without device to the first NIC",
    line: { cmdline: "ip=10.0.0.2:::24" },
    want: { eth0: "static", eth1: "dhcp" },
  },
  {
    name: "keeps DHCP when ip= names no client",
    line: { cmdline: "ip=::::node:eth0:off" },
    want: { eth0: "dhcp", eth1: "dhcp" },
  },
  {
    name: "prefers the configuration to ip=",
    line: { ...eth({ dhcp: true }), cmdline: "ip=10.0.0.2:::24::eth0" },
    want: { eth0: "dhcp", eth1: "dhcp" },
  },
  {
    name: "leaves pods' links, bridges, members and tunnels alone",
    line: {},
    links: [
      LO,
      ETH0,
      nic(4, "veth1234", { kind: "veth" }),
      nic(5, "cni0", { kind: "bridge" }),
      nic(6, "eth2", { master: 5 }),
      nic(7, "flannel.1", { kind: "vxlan" }),
      nic(8, "wg0", { type: 65534 }),
    ],
    want: { eth0: "dhcp" },
  },
];
for (const { name, line, links, want } of METHODS) {
  Deno.test(`interfacePlans() ${name}`, () => assert.deepEqual(planned(line, links).methods, want));
}

Deno.test("interfacePlans() goes on without an ip= it cannot read, and says so", () => {
  const { methods, faults } = planned({ cmdline: "ip=10.0.0.300:::24" });
  assert.deepEqual(methods, { eth0: "dhcp", eth1: "dhcp" });
  assert.match(faults.join(), /client-ip/);
});

function routeLines(routes: readonly Route[]): string[] {
  return routes.map(({ destination, prefix, gateway, index, metric, source, flags }) =>
    `${destination}/${prefix} ${gateway ?? "-"} ${index} ${metric} ${source ?? "-"} ${flags}`
  );
}

Deno.test("networkPlan() keeps the first NIC preferred when two have a default route", () => {
  const second = { ...LEASE, address: "10.6.0.50", routers: ["10.6.0.1"] };
  const { plan } = planned({}, undefined, new Map([[2, [LEASE]], [3, [second]]]));
  assert.deepEqual(routeLines(plan.routes), [
    "0.0.0.0/0 10.5.0.1 2 1024 10.5.0.50 0",
    "0.0.0.0/0 10.6.0.1 3 1025 10.6.0.50 0",
  ]);
});

Deno.test("networkPlan() reaches a router that no address is beside", () => {
  const lease = { ...LEASE, prefix: 32 };
  const { plan } = planned({}, undefined, new Map([[2, [lease]]]));
  assert.deepEqual(routeLines(plan.routes), ["0.0.0.0/0 10.5.0.1 2 1024 10.5.0.50 4"]);
});

Deno.test("networkPlan() routes straight onto the link where option 121 gives 0.0.0.0", () => {
  const routes = [{ address: "10.7.0.0", prefix: 16, gateway: "0.0.0.0" }];
  const { plan } = planned({}, undefined, new Map([[2, [{ ...LEASE, routes }]]]));
  assert.deepEqual(routeLines(plan.routes), ["10.7.0.0/16 - 2 1024 10.5.0.50 0"]);
  assert.equal(plan.routes[0]?.scope, 253);
});

Deno.test("networkPlan() obeys the metric and MTU of the configuration before the lease's", () => {
  const lease = { ...LEASE, mtu: 1400 };
  const leases = new Map([[2, [lease]]]);
  const configured = planned(
    eth({ mtu: 1300, dhcpOptions: { routeMetric: 7 } }),
    undefined,
    leases,
  );
  assert.deepEqual(configured.plan.links[1], { index: 2, mtu: 1300 });
  assert.equal(configured.plan.routes[0]?.metric, 7);
  assert.deepEqual(planned({}, undefined, leases).plan.links[1], { index: 2, mtu: 1400 });
  const tiny = new Map([[2, [{ ...LEASE, mtu: 68 }]]]);
  assert.deepEqual(planned({}, undefined, tiny).plan.links[1], { index: 2 });
});

Deno.test("networkPlan() skips a route it cannot read, and keeps the others", () => {
  const routes = [
    { network: "nowhere", gateway: "10.0.0.1" },
    { network: "10.9.8.7/16", gateway: "10.0.0.1", metric: 3 },
  ];
  const { plan } = planned(eth({ cidr: "10.0.0.2/24", routes }));
  assert.deepEqual(routeLines(plan.routes), ["10.9.0.0/16 10.0.0.1 2 3 - 0"]);
  assert.match(plan.faults.join(), /^eth0: Cannot read .*nowhere/);
});

Deno.test("networkPlan() gives a leased address its end and a broadcast address", () => {
  const { plan } = planned({}, undefined, new Map([[2, [LEASE]]]));
  assert.deepEqual(plan.addresses[1], {
    family: 2,
    index: 2,
    address: "10.5.0.50",
    prefix: 24,
    scope: 0,
    broadcast: "10.5.0.255",
    protocol: 16,
    validSeconds: 60,
  });
});

/** The kernel as it is when it holds all of a plan. */
function holding(plan: ReturnType<typeof planned>["plan"]): KernelNetwork {
  const { addresses, routes } = plan;
  return { links: [LO, ETH0, ETH1], addresses, routes, tunnels: [] };
}

const lines = (changes: readonly Change[]) => changes.map(describe);

Deno.test("changesTo() changes nothing when all is as it should be", () => {
  const { plan } = planned(eth({ cidr: "10.0.0.2/24" }), undefined, new Map([[3, [LEASE]]]));
  assert.deepEqual(changesTo(plan, holding(plan), new Map()), []);
});

Deno.test("changesTo() puts the new address before it takes the old one", () => {
  const before = planned(eth({ cidr: "10.0.0.2/24" })).plan;
  const after = planned(eth({ cidr: "10.0.0.3/24" })).plan;
  assert.deepEqual(lines(changesTo(after, holding(before), new Map())), [
    "put address 10.0.0.3/24 on link 2",
    "remove address 10.0.0.2/24 on link 2",
  ]);
});

Deno.test("changesTo() leaves what a former run set while DHCP still asks", () => {
  const leased = planned({}, undefined, new Map([[2, [LEASE]]])).plan;
  const asking = planned({}).plan;
  assert.deepEqual(changesTo(asking, holding(leased), new Map()), []);
  const fixed = planned(eth({ cidr: "10.0.0.2/24" })).plan;
  assert.deepEqual(lines(changesTo(fixed, holding(leased), new Map())), [
    "put address 10.0.0.2/24 on link 2",
    "remove address 10.5.0.50/24 on link 2",
    "remove route 0.0.0.0/0 via 10.5.0.1 on link 2 metric 1024",
  ]);
});

Deno.test("changesTo() takes what was lent and is over while DHCP still asks, and nothing else", () => {
  const leased = planned({}, undefined, new Map([[2, [LEASE]]])).plan;
  const now = holding(leased);
  const [held] = leased.addresses.filter(({ address }) => address === LEASE.address);
  const shared = { ...held!, address: "10.5.0.250", prefix: 32, protocol: RTPROT.STATIC };
  const own = { ...held!, address: "10.5.0.7", protocol: RTPROT.STATIC };
  const owned = new Map<string, Hold>([
    [addressKey(held!), "lent"],
    [addressKey(shared), "lent"],
    [addressKey(own), "own"],
  ]);
  const { plan: asking } = planned({});
  const addresses = [...now.addresses, shared, own];
  assert.deepEqual(lines(changesTo(asking, { ...now, addresses }, owned)), [
    "remove address 10.5.0.50/24 on link 2",
    "remove address 10.5.0.250/32 on link 2",
  ]);
  // A link that is to be left alone from now on keeps what it has.
  const { plan: ignoring } = planned(eth({ ignore: true }));
  assert.deepEqual(lines(changesTo(ignoring, { ...now, addresses }, owned)), []);
});

Deno.test("changesTo() takes only addresses that networkd set", () => {
  const { plan } = planned(eth({ cidr: "10.0.0.2/24" }));
  const { protocol: _, ...unmarked } = { ...plan.addresses[1] } as Address;
  const foreign = { ...unmarked, address: "10.0.0.200" };
  const former = { ...unmarked, address: "10.0.0.9" };
  const now = { ...holding(plan), addresses: [...plan.addresses, foreign, former] };
  assert.deepEqual(lines(changesTo(plan, now, new Map([[addressKey(former), "own"]]))), [
    "remove address 10.0.0.9/24 on link 2",
  ]);
});

Deno.test("changesTo() writes a lifetime anew when the lease was renewed, not as it ticks", () => {
  const { plan } = planned({}, undefined, new Map([[2, [LEASE]]]));
  const ticking = (validSeconds: number) => ({
    ...holding(plan),
    addresses: plan.addresses.map((address) =>
      address.validSeconds === undefined ? address : { ...address, validSeconds }
    ),
  });
  assert.deepEqual(changesTo(plan, ticking(57), new Map()), []);
  assert.deepEqual(lines(changesTo(plan, ticking(30), new Map())), [
    "put address 10.5.0.50/24 on link 2",
  ]);
});

Deno.test("changesTo() brings links up and sets their MTU", () => {
  const { plan } = planned(eth({ cidr: "10.0.0.2/24", mtu: 9000 }));
  const now = { ...holding(plan), links: [LO, nic(2, "eth0", { flags: 0 }), ETH1] };
  assert.deepEqual(lines(changesTo(plan, now, new Map())), ["set link 2 up to mtu 9000"]);
});

const HOSTNAMES: { name: string; line: object; lease?: Partial<Lease>; want: string }[] = [
  {
    name: "the configuration's before all others",
    line: { network: { hostname: "config" }, cmdline: "talos.hostname=kernel ip=::::boot" },
    lease: { hostname: "leased" },
    want: "config",
  },
  {
    name: "talos.hostname before ip=",
    line: { cmdline: "talos.hostname=kernel ip=::::boot" },
    lease: { hostname: "leased" },
    want: "kernel",
  },
  {
    name: "ip= before DHCP",
    line: { cmdline: "ip=::::boot" },
    lease: { hostname: "leased" },
    want: "boot",
  },
  { name: "DHCP before the address", line: {}, lease: { hostname: "leased" }, want: "leased" },
  { name: "the leased address with dashes", line: {}, lease: {}, want: "talos-10-5-0-50" },
  {
    name: "the static address with dashes",
    line: eth({ cidr: "10.0.0.2/24" }),
    want: "talos-10-0-0-2",
  },
  { name: "a default without any address", line: {}, want: "talos-127-0-1-1" },
  {
    name: "no name that breaks out of a line",
    line: {},
    lease: { hostname: "a\nb" },
    want: "talos-10-5-0-50",
  },
  {
    name: "no label past 63 characters",
    line: { network: { hostname: "x".repeat(64) } },
    want: "talos-127-0-1-1",
  },
  { name: "the first label of a full name", line: { network: { hostname: "a.b.c" } }, want: "a" },
];
for (const { name, line, lease, want } of HOSTNAMES) {
  Deno.test(`decideNames() takes ${name}`, () => {
    const leases = new Map(lease ? [[2, [{ ...LEASE, ...lease }]]] : []);
    assert.equal(planned(line, undefined, leases).names.hostname, want);
  });
}

Deno.test("decideNames() keeps what could break out of a line from the files, and says so", () => {
  const network = {
    nameservers: ["10.0.0.1\nnameserver 6.6.6.6", "10.0.0.2"],
    extraHostEntries: [
      { ip: "10.0.0.3", aliases: ["evil\n6.6.6.6 bank"] },
      { ip: "10.0.0.4", aliases: ["good"] },
    ],
  };
  const leases = new Map([[2, [{ ...LEASE, domains: ["x\nnameserver 6.6.6.6"] }]]]);
  const { names } = planned({ network }, undefined, leases);
  assert.equal(names.resolvConf, "nameserver 10.0.0.2\n");
  assert.ok(names.hosts.endsWith("\n10.0.0.4 good\n"));
  assert.doesNotMatch(names.hosts, /6\.6\.6\.6/);
  assert.equal(names.faults.length, 3);
});

Deno.test("decideNames() asks configured, then ip='s, then leased, then default name servers", () => {
  const leases = new Map([[2, [LEASE]]]);
  const resolv = (line: object, leases?: Leases) =>
    planned(line, undefined, leases).names.resolvConf;
  assert.equal(resolv({ network: { nameservers: ["9.9.9.9"] } }, leases), "nameserver 9.9.9.9\n");
  assert.equal(resolv({ cmdline: "ip=:::::::1.2.3.4" }, leases), "nameserver 1.2.3.4\n");
  assert.equal(resolv({}, leases), "nameserver 10.5.0.1\n");
  assert.equal(resolv({}), "nameserver 1.1.1.1\nnameserver 8.8.8.8\n");
});

Deno.test("readSettings() names the field of the wrong kind", () => {
  const read = (network: unknown) => () => readSettings({ cmdline: "", network });
  assert.throws(read([]), /network/);
  assert.throws(read({ hostname: 1 }), /hostname/);
  assert.throws(read({ nameservers: [1] }), /nameservers/);
  assert.throws(read({ interfaces: [{ interface: "eth0", mtu: -1 }] }), /mtu/);
  assert.throws(read({ interfaces: [{ interface: "eth0", dhcp: "yes" }] }), /dhcp/);
  assert.throws(() => readSettings("x"), /settings/);
});

Deno.test("interfacePlans() asks the families that dhcpOptions names, DHCPv6 only where dhcp is on", () => {
  const families = (rest: object) => {
    const [{ addressing } = assert.fail()] = planned(eth(rest)).interfaces;
    return addressing.method === "dhcp" ? addressing.families : [];
  };
  assert.deepEqual(families({ dhcp: true }), [4]);
  assert.deepEqual(families({ dhcp: true, dhcpOptions: { ipv6: true } }), [4, 6]);
  assert.deepEqual(families({ dhcp: true, dhcpOptions: { ipv4: false, ipv6: true } }), [6]);
  assert.deepEqual(families({ dhcpOptions: { ipv6: true } }), [4]);
});

Deno.test("networkPlan() leaves what a former run set in a family that no server answered yet", () => {
  const line = eth({ dhcp: true, dhcpOptions: { ipv6: true } });
  const held = (address: string, prefix: number, family: number): Address => (
    { address, prefix, family, index: 2, scope: 0, protocol: 16, validSeconds: 60 }
  );
  const former = [held("10.5.0.7", 24, 2), held("fd05::7", 128, 10)];
  const gone = (leases: Lease[]) =>
    changesTo(
      planned(line, undefined, new Map([[2, leases]])).plan,
      { links: [], addresses: former, routes: [], tunnels: [] },
      new Map(),
    ).flatMap((change) => change.type === "removeAddress" ? [change.address.address] : []);
  const lease6 = { ...LEASE, address: "fd05::50", prefix: 128, routers: [] };
  assert.deepEqual(gone([]), []);
  assert.deepEqual(gone([LEASE]), ["10.5.0.7"]);
  assert.deepEqual(gone([lease6]), ["fd05::7"]);
  assert.deepEqual(gone([LEASE, lease6]), ["10.5.0.7", "fd05::7"]);
});

Deno.test("decideNames() joins the name servers of both families, and their first search domains", () => {
  const lease6 = { ...LEASE, address: "fd05::50", prefix: 128, dns: ["fd05::1"] };
  const leases = new Map([[2, [LEASE, { ...lease6, domains: ["a.test", "b.test", "-"] }]]]);
  const { names } = planned(
    eth({ dhcp: true, dhcpOptions: { ipv6: true } }),
    undefined,
    leases,
  );
  assert.equal(
    names.resolvConf,
    "nameserver 10.5.0.1\nnameserver fd05::1\nsearch a.test b.test\n",
  );
  assert.deepEqual([names.address, names.domain, names.faults.length], ["10.5.0.50", "a.test", 1]);
});
