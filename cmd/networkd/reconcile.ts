import {
  type Address,
  IFF,
  type Link,
  type LinkChange,
  type NewLink,
  type Route,
  RT_TABLE,
  RTPROT,
  type WireguardDevice,
} from "$lib/codec/mod.ts";
import { type NetworkPlan, settledKey } from "./network_plan.ts";

/** What the kernel holds now. */
export interface KernelNetwork {
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
  /** WireGuard interfaces that networkd made. */
  readonly tunnels: readonly WireguardDevice[];
}

/** One thing to change in the kernel. */
export type Change =
  | { readonly type: "link"; readonly link: LinkChange }
  | { readonly type: "addLink"; readonly link: NewLink }
  | {
    readonly type: "removeLink";
    readonly link: { readonly index: number; readonly name: string };
  }
  | {
    readonly type: "tunnel";
    readonly wanted: WireguardDevice;
    /** What to set for that: `wanted` and the peers to take away. */
    readonly device: WireguardDevice;
  }
  | { readonly type: "putAddress" | "removeAddress"; readonly address: Address }
  | { readonly type: "putRoute" | "removeRoute"; readonly route: Route };

/**
 * What an address is that this process put: `lent` by a lease or an election, which may end before
 * anything else is decided, or the configuration's `own`.
 */
export type Hold = "lent" | "own";

/** Lifetimes are whole seconds that tick between reading and comparing. */
const LIFETIME_SLACK_SECONDS = 5;

/**
 * What to change so that the kernel holds what the plan says, in an order it accepts. `owned` has
 * the addresses this process set, by addressKey: an older kernel does not keep who set one.
 * What others set, and what stands on links that are not ours, stays.
 */
export function changesTo(
  plan: NetworkPlan,
  now: KernelNetwork,
  owned: ReadonlyMap<string, Hold>,
): Change[] {
  return [
    ...linkChanges(plan, now.links),
    ...addressChanges(plan, now.addresses, owned),
    ...routeChanges(plan, now.routes),
  ];
}

function linkChanges(plan: NetworkPlan, links: readonly Link[]): Change[] {
  return plan.links.flatMap(({ index, mtu }): Change[] => {
    const link = links.find((known) => known.index === index);
    if (!link) return [];
    const change = {
      ...((link.flags & IFF.UP) === 0 ? { up: true } : {}),
      ...(mtu !== undefined && mtu !== link.mtu ? { mtu } : {}),
    };
    return Object.keys(change).length > 0 ? [{ type: "link", link: { index, ...change } }] : [];
  });
}

/** What tells one address from another. */
export function addressKey(
  { index, address, prefix }: Pick<Address, "index" | "address" | "prefix">,
): string {
  return `${index} ${address}/${prefix}`;
}

function addressChanges(
  plan: NetworkPlan,
  addresses: readonly Address[],
  owned: ReadonlyMap<string, Hold>,
): Change[] {
  const wanted = new Set(plan.addresses.map(addressKey));
  const put = plan.addresses.filter((address) => {
    const held = addresses.find((known) => addressKey(known) === addressKey(address));
    return !held || !isSameLifetime(held.validSeconds, address.validSeconds);
  });
  const gone = addresses.filter((address) => {
    const key = addressKey(address);
    if (wanted.has(key)) return false;
    // Another machine may have it by now, whether DHCP answers this one or not.
    const isOurs = plan.links.some(({ index }) => index === address.index);
    if (isOurs && owned.get(key) === "lent") return true;
    return plan.settled.has(settledKey(address.index, address.family)) &&
      (isMarked(address.protocol) || owned.has(key));
  });
  // New ones first: a link that changes its address is never without one.
  return [
    ...put.map((address): Change => ({ type: "putAddress", address })),
    ...gone.map((address): Change => ({ type: "removeAddress", address })),
  ];
}

function isSameLifetime(held: number | undefined, wanted: number | undefined): boolean {
  if (held === undefined || wanted === undefined) return held === wanted;
  return Math.abs(held - wanted) <= LIFETIME_SLACK_SECONDS;
}

function isMarked(protocol: number | undefined): boolean {
  return protocol === RTPROT.STATIC || protocol === RTPROT.DHCP;
}

function routeChanges(plan: NetworkPlan, routes: readonly Route[]): Change[] {
  const ours = routes.filter((route) =>
    route.table === RT_TABLE.MAIN && isMarked(route.protocol) && route.index !== undefined
  );
  const put = plan.routes.filter((route) => !ours.some((held) => isSameRoute(held, route)));
  const gone = ours.filter((held) =>
    plan.settled.has(settledKey(held.index, held.family)) &&
    !plan.routes.some((route) => isSameKey(held, route))
  );
  return [
    ...put.map((route): Change => ({ type: "putRoute", route })),
    ...gone.map((route): Change => ({ type: "removeRoute", route })),
  ];
}

/** The kernel holds one route for each of these; putting another replaces it. */
function isSameKey(a: Route, b: Route): boolean {
  return a.family === b.family && a.destination === b.destination && a.prefix === b.prefix &&
    a.metric === b.metric;
}

function isSameRoute(a: Route, b: Route): boolean {
  return isSameKey(a, b) && a.index === b.index && a.gateway === b.gateway &&
    a.protocol === b.protocol && (b.source === undefined || a.source === b.source);
}
