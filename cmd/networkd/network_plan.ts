import {
  type Address,
  AF,
  type IpPrefix,
  networkOf,
  parseCidr,
  parseIp,
  type Route,
  RT_SCOPE,
  RT_TABLE,
  RTN,
  RTNH_F_ONLINK,
  RTPROT,
} from "$lib/codec/mod.ts";
import { dhcpFamilies, type InterfacePlan, messageOf, STATIC_METRIC } from "./interface_plan.ts";
import { type Lease, leaseRoutes, type Leases, secondsLeft } from "./lease.ts";
import type { RouteConfig } from "./settings.ts";

/** What the kernel should hold for the interfaces that networkd manages. */
export interface NetworkPlan {
  /** Links that must be up, with the MTU where one is asked for. */
  readonly links: readonly { readonly index: number; readonly mtu?: number }[];
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
  /**
   * Links and families whose addressing is decided, as of `settledKey`. On the others DHCP still asks:
   * what a former run left there keeps the node reachable until an answer comes.
   */
  readonly settled: ReadonlySet<string>;
  readonly faults: readonly string[];
}

/** Anything smaller cannot carry what IPv4 hosts must accept. */
const MIN_DHCP_MTU = 576;
const LOOPBACK = { address: "127.0.0.1", prefix: 8 };

/** What the kernel should hold, given how each interface is addressed and the leases there are. */
export function networkPlan(
  loopback: number | undefined,
  interfaces: readonly InterfacePlan[],
  leases: Leases,
  nowMs: number,
): NetworkPlan {
  const faults: string[] = [];
  const routes: Route[] = [];
  const addresses: Address[] = [];
  if (loopback !== undefined) addresses.push({ ...host(loopback, LOOPBACK), scope: RT_SCOPE.HOST });
  for (const plan of interfaces) {
    const own = leasesOf(plan, leases);
    addresses.push(...plannedAddresses(plan, own, nowMs), ...sharedAddresses(plan, faults));
    routes.push(...staticRoutes(plan, faults), ...own.flatMap((lease) => dhcpRoutes(plan, lease)));
  }
  return {
    links: [
      ...(loopback === undefined ? [] : [{ index: loopback }]),
      // What is to join a bond must be down until it has; the bond then brings it up.
      ...interfaces.filter(({ bond, link }) => bond === undefined || link.master !== undefined)
        .map((plan) => plannedLink(plan, leasesOf(plan, leases))),
    ],
    addresses,
    routes: distinct(routes),
    settled: new Set(interfaces.flatMap((plan) => settledKeys(plan, leasesOf(plan, leases)))),
    faults,
  };
}

/** Those that an interface uses. */
function leasesOf(plan: InterfacePlan, leases: Leases): readonly Lease[] {
  const families = dhcpFamilies(plan);
  return (leases.get(plan.link.index) ?? [])
    .filter(({ address }) => families.includes(familyOf(address) === AF.INET6 ? 6 : 4));
}

/** Names one family of a link. */
export function settledKey(index: number | undefined, family: number): string {
  return `${index} ${family}`;
}

function settledKeys(plan: InterfacePlan, leases: readonly Lease[]): string[] {
  const asked = dhcpFamilies(plan).map((family) => family === 6 ? AF.INET6 : AF.INET);
  const answered = leases.map(({ address }) => familyOf(address));
  return [AF.INET, AF.INET6]
    .filter((family) => !asked.includes(family) || answered.includes(family))
    .map((family) => settledKey(plan.link.index, family));
}

function plannedLink(plan: InterfacePlan, leases: readonly Lease[]) {
  const { index } = plan.link;
  const leased = leases.find(({ mtu }) => mtu !== undefined)?.mtu ?? 0;
  const mtu = plan.mtu || (leased >= MIN_DHCP_MTU ? leased : 0);
  return mtu > 0 ? { index, mtu } : { index };
}

function plannedAddresses(
  plan: InterfacePlan,
  leases: readonly Lease[],
  nowMs: number,
): Address[] {
  const { addressing, link } = plan;
  if (addressing.method === "static") {
    return [{ ...host(link.index, addressing), protocol: RTPROT.STATIC }];
  }
  return leases.map((lease) => {
    const validSeconds = secondsLeft(lease, nowMs);
    return {
      ...host(link.index, lease),
      protocol: RTPROT.DHCP,
      ...(validSeconds === undefined ? {} : { validSeconds }),
    };
  });
}

/** Alone in its network: nobody is reached because of it. */
function sharedAddresses({ link, shared }: InterfacePlan, faults: string[]): Address[] {
  if (shared === undefined) return [];
  try {
    const prefix = 8 * parseIp(shared).length;
    return [{ ...host(link.index, { address: shared, prefix }), protocol: RTPROT.STATIC }];
  } catch (error) {
    faults.push(`${link.name}: ${messageOf(error)}`);
    return [];
  }
}

function host(index: number, { address, prefix }: IpPrefix): Address {
  const family = familyOf(address);
  const broadcast = family === AF.INET && prefix < 31 && !address.startsWith("127.");
  return {
    family,
    index,
    address,
    prefix,
    scope: RT_SCOPE.UNIVERSE,
    ...(broadcast ? { broadcast: lastAddress({ address, prefix }) } : {}),
  };
}

function familyOf(address: string): number {
  return address.includes(":") ? AF.INET6 : AF.INET;
}

function lastAddress({ address, prefix }: IpPrefix): string {
  const bytes = parseIp(address);
  return [...bytes].map((byte, at) => byte | (0xff >> Math.max(0, Math.min(8, prefix - at * 8))))
    .join(".");
}

function staticRoutes({ link, routes, addressing }: InterfacePlan, faults: string[]): Route[] {
  return routes.flatMap((route) => {
    try {
      return [
        staticRoute(link.index, route, addressing.method === "static" ? addressing : undefined),
      ];
    } catch (error) {
      faults.push(`${link.name}: ${messageOf(error)}`);
      return [];
    }
  });
}

function staticRoute(index: number, route: RouteConfig, own: IpPrefix | undefined): Route {
  const to = networkOf(parseCidr(route.network));
  parseIp(route.gateway);
  return via(index, to, route.gateway, own, {
    metric: route.metric ?? STATIC_METRIC,
    protocol: RTPROT.STATIC,
  });
}

function dhcpRoutes({ link, addressing }: InterfacePlan, lease: Lease): Route[] {
  if (addressing.method !== "dhcp") return [];
  return leaseRoutes(lease).map((route) => ({
    ...via(link.index, route, route.gateway, lease, {
      metric: addressing.metric,
      protocol: RTPROT.DHCP,
    }),
    source: lease.address,
  }));
}

/** A route through a gateway, or straight onto the link when the gateway is 0.0.0.0. */
function via(
  index: number,
  to: IpPrefix,
  gateway: string,
  own: IpPrefix | undefined,
  rest: { metric: number; protocol: number },
): Route {
  const family = familyOf(to.address);
  const direct = gateway === "0.0.0.0";
  // Clouds hand out /32 leases whose router no address of ours is beside.
  const beside = own === undefined || direct || isInside(gateway, own);
  return {
    family,
    destination: to.address,
    prefix: to.prefix,
    index,
    ...(direct ? {} : { gateway }),
    table: RT_TABLE.MAIN,
    scope: direct ? RT_SCOPE.LINK : RT_SCOPE.UNIVERSE,
    type: RTN.UNICAST,
    flags: beside ? 0 : RTNH_F_ONLINK,
    ...rest,
  };
}

function isInside(address: string, { address: own, prefix }: IpPrefix): boolean {
  return networkOf({ address, prefix }).address === networkOf({ address: own, prefix }).address;
}

/**
 * The kernel holds one route for a destination and metric: a second interface's default route gets
 * the next free metric, so the first interface stays preferred.
 */
function distinct(routes: readonly Route[]): Route[] {
  const taken = new Set<string>();
  return routes.map((route) => {
    let { metric } = route;
    const key = () => `${route.destination}/${route.prefix} ${metric}`;
    while (taken.has(key())) metric++;
    taken.add(key());
    return { ...route, metric };
  });
}
