import {
  decodeAddress,
  decodeLink,
  decodeRoute,
  encodeAddress,
  encodeAddressQuery,
  encodeLinkChange,
  encodeLinkQuery,
  encodeLinkRemoval,
  encodeNewLink,
  encodeRoute,
  encodeRouteQuery,
  NLM_F,
  RTM,
} from "$lib/codec/mod.ts";
import type { NetlinkTalk } from "./netlink_talk.ts";
import type { Change, KernelNetwork } from "./reconcile.ts";
import { MARK } from "./virtual_plan.ts";
import type { WireguardKernel } from "./wireguard_kernel.ts";

const PUT = NLM_F.CREATE | NLM_F.REPLACE;
const NEW = NLM_F.CREATE | NLM_F.EXCL;
const GONE = ["ESRCH", "EADDRNOTAVAIL", "ENODEV"];

/** The kernel's links, addresses, routes and tunnels. */
export class RouteKernel {
  constructor(readonly talk: NetlinkTalk, readonly tunnels: WireguardKernel) {}

  /** All of them; of tunnels those that are ours. @throws {NetlinkError} when the kernel refuses */
  read(): KernelNetwork {
    const links = this.#dump(RTM.GETLINK, encodeLinkQuery(), RTM.NEWLINK, decodeLink);
    return {
      links,
      addresses: this.#dump(RTM.GETADDR, encodeAddressQuery(), RTM.NEWADDR, decodeAddress),
      routes: this.#dump(RTM.GETROUTE, encodeRouteQuery(), RTM.NEWROUTE, decodeRoute),
      tunnels: links.filter(({ kind, alias }) => kind === "wireguard" && alias === MARK)
        .map(({ name }) => this.tunnels.read(name)),
    };
  }

  /** Makes one change; removing what is gone already is fine. @throws {NetlinkError} when refused */
  change(change: Change): void {
    switch (change.type) {
      case "link":
        return this.#ask(RTM.NEWLINK, 0, encodeLinkChange(change.link), describe(change));
      case "addLink":
        return this.#ask(RTM.NEWLINK, NEW, encodeNewLink(change.link), describe(change));
      case "removeLink":
        return this.#ask(
          RTM.DELLINK,
          0,
          encodeLinkRemoval(change.link.index),
          describe(change),
          GONE,
        );
      case "putAddress":
        return this.#ask(RTM.NEWADDR, PUT, encodeAddress(change.address), describe(change));
      case "removeAddress":
        return this.#ask(RTM.DELADDR, 0, encodeAddress(change.address), describe(change), GONE);
      case "putRoute":
        return this.#ask(RTM.NEWROUTE, PUT, encodeRoute(change.route), describe(change));
      case "removeRoute":
        return this.#ask(RTM.DELROUTE, 0, encodeRoute(change.route), describe(change), GONE);
      case "tunnel":
        return this.tunnels.set(change.device);
    }
  }

  #ask(type: number, flags: number, payload: Uint8Array, what: string, fine?: string[]): void {
    this.talk.ask({ type, flags, payload, what }, fine);
  }

  #dump<T>(
    type: number,
    payload: Uint8Array,
    wanted: number,
    decode: (payload: Uint8Array) => T,
  ): T[] {
    return this.talk.dump({ type, payload, what: "read the kernel's network" })
      .filter((message) => message.type === wanted).map((message) => decode(message.payload));
  }
}

/** What a change is, for logs: `put address 10.5.0.2/24 on link 3`. */
export function describe(change: Change): string {
  switch (change.type) {
    case "link": {
      const { index, up, mtu, master, alias } = change.link;
      const state = up === undefined ? "" : up ? " up" : " down";
      const bond = master === undefined ? "" : master > 0 ? ` into link ${master}` : " free";
      return `set link ${index}${state}${mtu === undefined ? "" : ` to mtu ${mtu}`}${bond}${
        alias === undefined ? "" : ` to alias ${alias}`
      }`;
    }
    case "addLink":
      return `add ${change.link.kind} ${change.link.name}`;
    case "removeLink":
      return `remove link ${change.link.name}`;
    case "tunnel":
      return `set wireguard ${change.device.name}`;
    case "putAddress":
    case "removeAddress": {
      const { address, prefix, index } = change.address;
      return `${verb(change.type)} address ${address}/${prefix} on link ${index}`;
    }
    case "putRoute":
    case "removeRoute": {
      const { destination, prefix, gateway, index, metric } = change.route;
      const via = gateway === undefined ? "" : ` via ${gateway}`;
      return `${
        verb(change.type)
      } route ${destination}/${prefix}${via} on link ${index} metric ${metric}`;
    }
  }
}

function verb(type: string): string {
  return type.startsWith("put") ? "put" : "remove";
}
