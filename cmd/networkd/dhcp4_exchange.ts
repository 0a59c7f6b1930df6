import {
  decodeDhcp4,
  decodeUdpPacket,
  DHCP4_PORT,
  encodeDhcp4,
  encodeUdpPacket,
  type Link,
} from "$lib/codec/mod.ts";
import { AddressCheck } from "./address_check.ts";
import type { DatagramChannel, PacketChannel } from "./channel.ts";
import { dhcp4Answer, dhcp4Message } from "./dhcp4_messages.ts";
import type { Exchange, Listener } from "./dhcp_client.ts";
import type { Answer, Outgoing } from "./dhcp_state.ts";
import { hear } from "./hearing.ts";

/** The sockets of one link. */
export interface Dhcp4Deps {
  /** IP packets to the client's port. */
  readonly packets: (link: Link) => PacketChannel;
  readonly arpPackets: (link: Link) => PacketChannel;
  readonly datagrams: (link: Link, address: string) => DatagramChannel;
}

const EVERYONE = "255.255.255.255";

/** The sockets open now, and from which address they send: none is needed to ask everyone. */
interface Transport {
  readonly from: string | undefined;
  readonly send: (outgoing: Outgoing) => void;
  readonly close: () => void;
}

/** Talks with DHCPv4 servers over one link. */
export class Dhcp4Exchange implements Exchange {
  readonly protocol = "DHCPv4";
  #transport: Transport | undefined;

  constructor(readonly link: Link, readonly deps: Dhcp4Deps, readonly listener: Listener) {}

  send(outgoing: Outgoing): void {
    const { ask } = outgoing;
    // One that has an address asks the server that gave it; the others need no address to ask.
    const from = ask === "renew" || ask === "release" ? outgoing.address : undefined;
    if (!this.#transport || this.#transport.from !== from) {
      this.close();
      this.#transport = from === undefined ? this.#packets() : this.#datagrams(from);
    }
    this.#transport.send(outgoing);
  }

  check(address: string, onConflict: () => void): Disposable {
    const channel = this.deps.arpPackets(this.link);
    return new AddressCheck({ channel, mac: this.link.mac, address, onConflict });
  }

  close(): void {
    this.#transport?.close();
    this.#transport = undefined;
  }

  #packets(): Transport {
    const channel = this.deps.packets(this.link);
    return {
      from: undefined,
      close: hear(channel, this.listener, (bytes) => {
        const packet = decodeUdpPacket(bytes);
        return packet.destinationPort === DHCP4_PORT.CLIENT
          ? this.#answer(packet.payload)
          : undefined;
      }),
      send: (outgoing) => {
        const message = dhcp4Message(outgoing, this.link.mac);
        channel.send(encodeUdpPacket({
          source: message.clientIp,
          sourcePort: DHCP4_PORT.CLIENT,
          destination: EVERYONE,
          destinationPort: DHCP4_PORT.SERVER,
          payload: encodeDhcp4(message),
        }));
      },
    };
  }

  #datagrams(from: string): Transport {
    const channel = this.deps.datagrams(this.link, from);
    return {
      from,
      close: hear(channel, this.listener, (bytes) => this.#answer(bytes)),
      send: (outgoing) => {
        const hostname = "server" in outgoing ? outgoing.server : EVERYONE;
        const bytes = encodeDhcp4(dhcp4Message(outgoing, this.link.mac));
        channel.send(bytes, { hostname, port: DHCP4_PORT.SERVER });
      },
    };
  }

  #answer(bytes: Uint8Array): Answer | undefined {
    const message = decodeDhcp4(bytes);
    const { nowMs } = this.listener;
    return message.mac === this.link.mac ? dhcp4Answer(message, nowMs()) : undefined;
  }
}
