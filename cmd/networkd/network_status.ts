import { type Address, AF, ARPHRD, IFF, type Link, type Route, RT_TABLE } from "$lib/codec/mod.ts";
import {
  type AddressStatusSpec,
  CURRENT_ADDRESSES,
  DEFAULT_ADDRESS,
  HOSTNAME,
  type LinkStatusSpec,
  type NetworkStatus,
  type NodeAddressSpec,
  RESOLVERS,
  type RouteStatusSpec,
} from "$lib/resources/mod.ts";
import type { Names } from "./names.ts";
import type { KernelNetwork } from "./reconcile.ts";

const TYPES = new Map<number, string>([[ARPHRD.ETHER, "ether"], [ARPHRD.LOOPBACK, "loopback"]]);
const SCOPES = new Map([[0, "global"], [200, "site"], [253, "link"], [254, "host"]]);
const PROTOCOLS = new Map([
  [1, "redirect"],
  [2, "kernel"],
  [3, "boot"],
  [4, "static"],
  [9, "ra"],
  [16, "dhcp"],
]);

/** What the resources of the network are to show. */
export function networkStatus(now: KernelNetwork, names: Names): NetworkStatus {
  const nameOf = new Map(now.links.map(({ index, name }) => [index, name]));
  return {
    links: Object.fromEntries(now.links.map((link) => [link.name, linkStatus(link, nameOf)])),
    addresses: Object.fromEntries(
      now.addresses.map((address) => addressStatus(address, nameOf)).map((status) => [
        `${status.linkName}/${status.address}`,
        status,
      ]),
    ),
    routes: Object.fromEntries(
      now.routes.filter(({ table }) => table === RT_TABLE.MAIN)
        .map((route) => routeStatus(route, nameOf)).map((status) => [routeId(status), status]),
    ),
    resolvers: {
      [RESOLVERS]: {
        dnsServers: names.nameservers,
        searchDomains: names.searchDomains,
      },
    },
    hostnames: { [HOSTNAME]: { hostname: names.hostname, domainname: names.domain ?? "" } },
    nodeAddresses: nodeAddresses(now.addresses, names.address),
  };
}

function linkStatus(link: Link, nameOf: ReadonlyMap<number, string>): LinkStatusSpec {
  return {
    index: link.index,
    type: TYPES.get(link.type) ?? "none",
    kind: link.kind ?? "",
    hardwareAddr: link.mac,
    mtu: link.mtu,
    operationalState: link.operState ?? "unknown",
    linkState: (link.flags & IFF.LOWER_UP) !== 0,
    master: nameOf.get(link.master ?? 0) ?? "",
  };
}

function familyOf(family: number): "inet4" | "inet6" {
  return family === AF.INET ? "inet4" : "inet6";
}

function addressStatus(
  { address, prefix, index, family, scope }: Address,
  nameOf: ReadonlyMap<number, string>,
): AddressStatusSpec {
  return {
    address: `${address}/${prefix}`,
    linkName: nameOf.get(index) ?? String(index),
    family: familyOf(family),
    scope: SCOPES.get(scope) ?? String(scope),
  };
}

function routeStatus(route: Route, nameOf: ReadonlyMap<number, string>): RouteStatusSpec {
  return {
    destination: `${route.destination}/${route.prefix}`,
    gateway: route.gateway ?? "",
    source: route.source ?? "",
    outLinkName: nameOf.get(route.index ?? 0) ?? "",
    priority: route.metric,
    family: familyOf(route.family),
    protocol: PROTOCOLS.get(route.protocol) ?? String(route.protocol),
  };
}

function routeId({ family, gateway, destination, priority, outLinkName }: RouteStatusSpec): string {
  return `${family}/${gateway}/${destination}/${priority}/${outLinkName}`;
}

function nodeAddresses(
  addresses: readonly Address[],
  first: string,
): Record<string, NodeAddressSpec> {
  const global = addresses.filter(({ scope }) => scope === 0);
  const texts = (list: readonly Address[]) =>
    list.map(({ address, prefix }) => `${address}/${prefix}`);
  const main = global.filter(({ address }) => address === first);
  return {
    [CURRENT_ADDRESSES]: { addresses: texts(global) },
    ...(main.length > 0 ? { [DEFAULT_ADDRESS]: { addresses: texts(main) } } : {}),
  };
}
