import { constants } from "node:os";
import {
  decodeAddress,
  decodeErrno,
  decodeLink,
  decodeMessages,
  decodeRoute,
  encodeAddress,
  encodeAddressQuery,
  encodeLinkChange,
  encodeLinkQuery,
  encodeMessage,
  encodeRoute,
  encodeRouteQuery,
  type NetlinkMessage,
  NLM_F,
  NLMSG,
  RTM,
} from "$lib/codec/mod.ts";
import type { Change, KernelNetwork } from "./reconcile.ts";

/** What is needed of a netlink socket; `$ffi/netlink.ts` fits it. */
export interface RouteSocket {
  send(bytes: Uint8Array<ArrayBuffer>): void;
  tryReceive(): Uint8Array | undefined;
}

/** The kernel refused a request; `code` is the name of its errno, e.g. `EEXIST`. */
export class NetlinkError extends Error {
  override readonly name = "NetlinkError";
  constructor(readonly code: string, what: string) {
    super(`Cannot ${what}: ${code}`);
  }
}

const ANSWER_LIMIT = 10_000;
const DUMP_TRIES = 5;

/**
 * The kernel's links, addresses and routes. Rtnetlink works inside the sending call, so every answer
 * waits when it returns and nothing else can come between.
 */
export class RouteKernel {
  #sequence = 0;
  constructor(readonly socket: RouteSocket) {}

  /** All links, addresses and routes. @throws {NetlinkError} when the kernel refuses */
  read(): KernelNetwork {
    return {
      links: this.#dump(RTM.GETLINK, encodeLinkQuery(), RTM.NEWLINK, decodeLink),
      addresses: this.#dump(RTM.GETADDR, encodeAddressQuery(), RTM.NEWADDR, decodeAddress),
      routes: this.#dump(RTM.GETROUTE, encodeRouteQuery(), RTM.NEWROUTE, decodeRoute),
    };
  }

  /** Makes one change; removing what is gone already is fine. @throws {NetlinkError} when refused */
  change(change: Change): void {
    switch (change.type) {
      case "link":
        return this.#ask(RTM.NEWLINK, 0, encodeLinkChange(change.link), describe(change));
      case "putAddress":
        return this.#ask(RTM.NEWADDR, PUT, encodeAddress(change.address), describe(change));
      case "removeAddress":
        return this.#ask(RTM.DELADDR, 0, encodeAddress(change.address), describe(change), GONE);
      case "putRoute":
        return this.#ask(RTM.NEWROUTE, PUT, encodeRoute(change.route), describe(change));
      case "removeRoute":
        return this.#ask(RTM.DELROUTE, 0, encodeRoute(change.route), describe(change), GONE);
    }
  }

  #ask(
    type: number,
    flags: number,
    payload: Uint8Array,
    what: string,
    fine: readonly string[] = [],
  ): void {
    const sequence = this.#send(type, NLM_F.REQUEST | NLM_F.ACK | flags, payload);
    for (const message of this.#answers(sequence, what)) {
      if (message.type !== NLMSG.ERROR) continue;
      const errno = decodeErrno(message);
      const code = errnoName(errno);
      if (errno !== 0 && !fine.includes(code)) throw new NetlinkError(code, what);
      return;
    }
  }

  /** A dump that changed under the kernel's hands is marked, and asked for anew. */
  #dump<T>(
    type: number,
    payload: Uint8Array,
    wanted: number,
    decode: (payload: Uint8Array) => T,
  ): T[] {
    for (let tries = 1;; tries++) {
      const sequence = this.#send(type, NLM_F.REQUEST | NLM_F.DUMP, payload);
      const values: T[] = [];
      let interrupted = false;
      for (const message of this.#answers(sequence, "read the kernel's network")) {
        if (message.flags & NLM_F.DUMP_INTR) interrupted = true;
        if (message.type === wanted) values.push(decode(message.payload));
        if (message.type !== NLMSG.DONE && message.type !== NLMSG.ERROR) continue;
        const errno = decodeErrno(message);
        if (errno !== 0) throw new NetlinkError(errnoName(errno), "read the kernel's network");
        break;
      }
      if (!interrupted || tries === DUMP_TRIES) return values;
    }
  }

  #send(type: number, flags: number, payload: Uint8Array): number {
    // Answers to a request that ended early must not be taken for answers to the next.
    for (let stale = 0; stale < ANSWER_LIMIT && this.socket.tryReceive(); stale++);
    const sequence = this.#sequence = (this.#sequence + 1) >>> 0;
    this.socket.send(encodeMessage({ type, flags, sequence, payload }));
    return sequence;
  }

  *#answers(sequence: number, what: string): Generator<NetlinkMessage> {
    for (let datagrams = 0; datagrams < ANSWER_LIMIT; datagrams++) {
      const bytes = this.socket.tryReceive();
      if (!bytes) break;
      yield* decodeMessages(bytes).filter((message) => message.sequence === sequence);
    }
    throw new NetlinkError("no answer", what);
  }
}

const PUT = NLM_F.CREATE | NLM_F.REPLACE;
const GONE = ["ESRCH", "EADDRNOTAVAIL", "ENODEV"];

/** What a change is, for logs: `put address 10.5.0.2/24 on link 3`. */
export function describe(change: Change): string {
  switch (change.type) {
    case "link": {
      const { index, up, mtu } = change.link;
      return `set link ${index}${up ? " up" : ""}${mtu === undefined ? "" : ` to mtu ${mtu}`}`;
    }
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

function errnoName(errno: number): string {
  const entry = Object.entries(constants.errno).find(([, number]) => number === errno);
  return entry?.[0] ?? `errno ${errno}`;
}
