import {
  decodeDhcp4,
  decodeUdpPacket,
  DHCP4_OPTION,
  DHCP4_PORT,
  DHCP4_TYPE,
  type Dhcp4Message,
  encodeDhcp4,
  encodeUdpPacket,
  type Link,
  parseMac,
} from "$lib/codec/mod.ts";
import { AddressCheck } from "./address_check.ts";
import type { DatagramChannel, PacketChannel } from "./channel.ts";
import {
  advance,
  type DhcpEffect,
  type DhcpEvent,
  type DhcpState,
  IDLE,
  type Outgoing,
} from "./dhcp_state.ts";
import { messageOf } from "./interface_plan.ts";
import type { Lease } from "./lease.ts";

/** What a client needs of the world outside. */
export interface DhcpDeps {
  /** IP packets to the client's port. */
  readonly packets: (link: Link) => PacketChannel;
  readonly arpPackets: (link: Link) => PacketChannel;
  readonly datagrams: (link: Link, address: string) => DatagramChannel;
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
  /** The lease came, changed or is lost; the link's tries went unanswered. */
  readonly onLease: (link: Link, lease: Lease | undefined) => void;
  readonly onUnanswered: (link: Link) => void;
}

/** Everything we heed, so that servers send no more. */
const PARAMETERS = [
  DHCP4_OPTION.SUBNET,
  DHCP4_OPTION.ROUTES,
  DHCP4_OPTION.ROUTER,
  DHCP4_OPTION.DNS,
  DHCP4_OPTION.HOSTNAME,
  DHCP4_OPTION.DOMAIN,
  DHCP4_OPTION.MTU,
  DHCP4_OPTION.BROADCAST,
  DHCP4_OPTION.NTP,
  DHCP4_OPTION.LEASE,
  DHCP4_OPTION.SERVER_ID,
  DHCP4_OPTION.T1,
  DHCP4_OPTION.T2,
];
/** What fits an ethernet frame with its headers. */
const MAX_MESSAGE_SIZE = 1472;
const ANY = "0.0.0.0";
const EVERYONE = "255.255.255.255";
const HARDWARE_ETHERNET = 1;
/** Longest delay a timer takes; longer waits are cut into several. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The sockets open now: which kind, and how to end them. */
interface Transport {
  readonly kind: "packets" | "datagrams";
  readonly from: string;
  readonly send: (outgoing: Outgoing) => void;
  readonly close: () => void;
}

/** One link's DHCP client: the pure state machine with sockets and a clock. */
export class DhcpClient {
  #state: DhcpState = IDLE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #transport: Transport | undefined;
  #check: AddressCheck | undefined;

  constructor(readonly link: Link, readonly deps: DhcpDeps) {}

  /** Begins, or begins anew after the link was gone; `address` is asked for first. */
  start(address?: string): void {
    this.#on(address === undefined ? { type: "start" } : { type: "start", address });
  }

  /** Gives the lease back and ends. */
  release(): void {
    this.#on({ type: "release" });
    this.close();
  }

  /** Ends without a word: the lease stays good for whoever comes next. */
  close(): void {
    clearTimeout(this.#timer);
    this.#endCheck();
    this.#transport?.close();
    this.#transport = undefined;
  }

  #on(event: DhcpEvent): void {
    const clock = { nowMs: this.deps.nowMs(), random: Math.random };
    const { state, effects } = advance(this.#state, event, clock);
    if (state.name !== this.#state.name) this.#tell(state);
    this.#state = state;
    if (state.name !== "checking") this.#endCheck();
    this.#schedule();
    for (const effect of effects) this.#do(effect);
    // Between exchanges nothing of the link's traffic is of interest.
    if (!("xid" in state)) this.#closeTransport();
  }

  #tell(state: DhcpState): void {
    if (state.name !== "bound") return;
    const { address, prefix, server, expiresAtMs } = state.lease;
    const seconds = Math.round((expiresAtMs - this.deps.nowMs()) / 1_000);
    this.deps.log(`${this.link.name}: leased ${address}/${prefix} from ${server} for ${seconds} s`);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const { wakeMs } = this.#state;
    if (wakeMs === Infinity) return;
    const delayMs = Math.min(Math.max(0, wakeMs - this.deps.nowMs()), MAX_TIMER_MS);
    this.#timer = setTimeout(() => {
      this.#on({ type: "timer" });
    }, Math.ceil(delayMs));
  }

  #do(effect: DhcpEffect): void {
    switch (effect.type) {
      case "lease":
        if (!effect.lease) this.deps.log(`${this.link.name}: lease is lost`);
        return this.deps.onLease(this.link, effect.lease);
      case "unanswered":
        this.deps.log(`${this.link.name}: no DHCP server answers yet`);
        return this.deps.onUnanswered(this.link);
      case "check":
        return this.#startCheck(effect.address);
      case "send":
        return this.#send(effect.message);
    }
  }

  /** Without it the address is used unchecked: better than none. */
  #startCheck(address: string): void {
    try {
      this.#check = new AddressCheck({
        channel: this.deps.arpPackets(this.link),
        mac: this.link.mac,
        address,
        onConflict: () => {
          this.deps.log(`${this.link.name}: another host has ${address}, which DHCP gave us`);
          this.#on({ type: "conflict" });
        },
      });
    } catch (error) {
      this.deps.log(`${this.link.name}: ${messageOf(error)}`);
    }
  }

  #endCheck(): void {
    this.#check?.[Symbol.dispose]();
    this.#check = undefined;
  }

  /** A failure here is like a lost packet: the timer tries again. */
  #send(outgoing: Outgoing): void {
    try {
      this.#transportFor(outgoing).send(outgoing);
    } catch (error) {
      this.#closeTransport();
      this.deps.log(`${this.link.name}: ${messageOf(error)}`);
    }
  }

  #transportFor({ to }: Outgoing): Transport {
    const kind = to === "everyone" ? "packets" : "datagrams";
    const from = to === "everyone" ? "" : to.from;
    if (this.#transport?.kind === kind && this.#transport.from === from) return this.#transport;
    this.#closeTransport();
    return this.#transport = kind === "packets" ? this.#packets() : this.#datagrams(from);
  }

  #closeTransport(): void {
    this.#transport?.close();
    this.#transport = undefined;
  }

  #packets(): Transport {
    const channel = this.deps.packets(this.link);
    return {
      kind: "packets",
      from: "",
      close: this.#listen(channel, (bytes) => {
        const packet = decodeUdpPacket(bytes);
        return packet.destinationPort === DHCP4_PORT.CLIENT ? packet.payload : undefined;
      }),
      send: (outgoing) =>
        channel.send(encodeUdpPacket({
          source: outgoing.clientIp,
          sourcePort: DHCP4_PORT.CLIENT,
          destination: EVERYONE,
          destinationPort: DHCP4_PORT.SERVER,
          payload: this.#bytes(outgoing),
        })),
    };
  }

  #datagrams(from: string): Transport {
    const channel = this.deps.datagrams(this.link, from);
    return {
      kind: "datagrams",
      from,
      close: this.#listen(channel, (bytes) => bytes),
      send: (outgoing) => {
        const server = outgoing.to === "everyone" ? EVERYONE : outgoing.to.server;
        channel.send(this.#bytes(outgoing), { hostname: server, port: DHCP4_PORT.SERVER });
      },
    };
  }

  #bytes({ xid, secs, clientIp, options }: Outgoing): Uint8Array<ArrayBuffer> {
    const { mac } = this.link;
    // RFC 2131, table 5: nothing is asked for along with what is given back.
    const asks = options.type === DHCP4_TYPE.DISCOVER || options.type === DHCP4_TYPE.REQUEST;
    return encodeDhcp4({
      op: "request",
      xid,
      secs,
      broadcastReply: false,
      clientIp,
      yourIp: ANY,
      relayIp: ANY,
      mac,
      options: {
        ...options,
        clientId: Uint8Array.of(HARDWARE_ETHERNET, ...parseMac(mac)),
        ...(asks ? { parameters: PARAMETERS, maxMessageSize: MAX_MESSAGE_SIZE } : {}),
      },
    });
  }

  /** Hands every answer to the state machine until the function that is returned is called. */
  #listen(
    channel: DatagramChannel | PacketChannel,
    payloadOf: (bytes: Uint8Array) => Uint8Array | undefined,
  ): () => void {
    const ended = new AbortController();
    const loop = async () => {
      using _owned = channel;
      while (!ended.signal.aborted) {
        const message = this.#decode(payloadOf, await channel.receive(ended.signal));
        if (message && !ended.signal.aborted) this.#on({ type: "message", message });
      }
    };
    loop().catch((error: unknown) => {
      if (!ended.signal.aborted) this.deps.log(`${this.link.name}: ${messageOf(error)}`);
    });
    return () => ended.abort(new DOMException("exchange is over", "AbortError"));
  }

  /** What others on the link send may be anything: it is dropped, not told line by line. */
  #decode(
    payloadOf: (bytes: Uint8Array) => Uint8Array | undefined,
    bytes: Uint8Array,
  ): Dhcp4Message | undefined {
    try {
      const payload = payloadOf(bytes);
      const message = payload && decodeDhcp4(payload);
      return message?.mac === this.link.mac ? message : undefined;
    } catch {
      return undefined;
    }
  }
}
