import { decodeDhcp6, DHCP6_PORT, DHCP6_SERVERS, encodeDhcp6, type Link } from "$lib/codec/mod.ts";
import type { DatagramChannel } from "./channel.ts";
import { dhcp6Answer, dhcp6Message } from "./dhcp6_messages.ts";
import type { Exchange, Listener } from "./dhcp_client.ts";
import type { Outgoing } from "./dhcp_state.ts";
import { hear } from "./hearing.ts";

/** The sockets of one link. */
export interface Dhcp6Deps {
  /** Datagrams to the client's port, from the link's own address. */
  readonly datagrams6: (link: Link) => DatagramChannel;
}

/** Talks with DHCPv6 servers over one link, which has to have a link-local address. */
export class Dhcp6Exchange implements Exchange {
  readonly protocol = "DHCPv6";
  #open: { readonly channel: DatagramChannel; readonly close: () => void } | undefined;

  constructor(readonly link: Link, readonly deps: Dhcp6Deps, readonly listener: Listener) {}

  send(outgoing: Outgoing): void {
    const { mac } = this.link;
    this.#open ??= this.#listen();
    this.#open.channel.send(encodeDhcp6(dhcp6Message(outgoing, mac)), {
      hostname: DHCP6_SERVERS,
      port: DHCP6_PORT.SERVER,
    });
  }

  /** The kernel looks when the address is put on the link, and marks what others have. */
  check(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }

  close(): void {
    this.#open?.close();
    this.#open = undefined;
  }

  #listen() {
    const { mac } = this.link;
    const channel = this.deps.datagrams6(this.link);
    const close = hear(
      channel,
      this.listener,
      (bytes) => dhcp6Answer(decodeDhcp6(bytes), mac, this.listener.nowMs()),
    );
    return { channel, close };
  }
}
