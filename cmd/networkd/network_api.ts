import type { ServiceImpl } from "@connectrpc/connect";
import { IFF, type Link, type Route } from "$lib/codec/mod.ts";
import {
  type AddressFamily,
  InterfaceFlags,
  type NetworkService,
  type RouteProtocol,
} from "$proto/network/network_pb.ts";
import type { KernelNetwork } from "./reconcile.ts";

/** network.NetworkService over what the kernel holds at the moment of the call. */
export function networkApi(read: () => KernelNetwork): ServiceImpl<typeof NetworkService> {
  return {
    interfaces() {
      const { links, addresses } = read();
      const interfaces = links.map((link) => ({
        index: link.index,
        mtu: link.mtu,
        name: link.name,
        hardwareaddr: link.mac,
        flags: flagOf(link),
        ipaddress: addresses.filter(({ index }) => index === link.index)
          .map(({ address, prefix }) => `${address}/${prefix}`),
      }));
      return { messages: [{ interfaces }] };
    },
    routes() {
      const { links, routes } = read();
      const names = new Map(links.map(({ index, name }) => [index, name]));
      return { messages: [{ routes: routes.map((route) => routeOf(route, names)) }] };
    },
  };
}

/** The message has room for one flag: whether the link is up, else what kind it is. */
function flagOf({ flags }: Link): InterfaceFlags {
  if (flags & IFF.UP) return InterfaceFlags.FLAG_UP;
  if (flags & IFF.LOOPBACK) return InterfaceFlags.FLAG_LOOPBACK;
  if (flags & IFF.POINTOPOINT) return InterfaceFlags.FLAG_POINT_TO_POINT;
  if (flags & IFF.BROADCAST) return InterfaceFlags.FLAG_BROADCAST;
  return flags & IFF.MULTICAST ? InterfaceFlags.FLAG_MULTICAST : InterfaceFlags.FLAG_UNKNOWN;
}

function routeOf(route: Route, names: ReadonlyMap<number, string>) {
  return {
    interface: names.get(route.index ?? 0) ?? "",
    destination: `${route.destination}/${route.prefix}`,
    gateway: route.gateway ?? "",
    metric: route.metric,
    scope: route.scope,
    source: route.source ?? "",
    // The wire's numbers are the kernel's own.
    family: route.family as AddressFamily,
    protocol: route.protocol as RouteProtocol,
    flags: route.flags,
  };
}
