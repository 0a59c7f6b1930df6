/**
 * Packet sockets: IP and ARP packets on one interface before it has an address, as DHCP needs them.
 *
 * @module
 */
import { filterProgram, type Instruction } from "./bpf.ts";
import type { Fd } from "./fd.ts";
import { keepAlive } from "./memory.ts";
import type { FdPoller } from "./poller.ts";
import { bindSocket, openSocket, receiveFrom, sendTo, setSocketOption, SOCKET } from "./socket.ts";

/** Byte offsets in struct sockaddr_ll. */
export const SOCKADDR_LL = {
  size: 20,
  family: 0,
  protocol: 2,
  ifindex: 4,
  packetType: 10,
  addressLength: 11,
  address: 12,
  PACKET_OUTGOING: 4,
} as const;

/** Protocols by their ethernet numbers. */
const ETH_P = { IP: 0x0800, ARP: 0x0806 } as const;
const RECEIVE_BYTES = 65536;
const BROADCAST = new Uint8Array(6).fill(0xff);

/** What a packet socket hears. */
export interface PacketOptions {
  /** IP when absent; packets start at the header of the protocol. */
  protocol?: keyof typeof ETH_P;
  /** udpPortFilter() and its like; runs in the kernel before a packet wakes anyone. */
  filter?: readonly Instruction[];
}

/** A packet and the hardware address of its sender. */
export interface LinkPacket {
  bytes: Uint8Array<ArrayBuffer>;
  from: Uint8Array<ArrayBuffer>;
}

/** A socket for packets of one protocol and one interface. Needs CAP_NET_RAW. */
export class PacketSocket implements Disposable {
  readonly fd: Fd;
  readonly #ifindex: number;
  readonly #protocol: number;
  readonly #buffer = new Uint8Array(RECEIVE_BYTES);

  constructor(ifindex: number, { protocol = "IP", filter }: PacketOptions = {}) {
    this.#ifindex = ifindex;
    this.#protocol = ETH_P[protocol];
    const subject = `packets of interface ${ifindex}`;
    // Protocol 0 hears nothing until bind, so nothing arrives unfiltered.
    this.fd = openSocket(SOCKET.AF_PACKET, SOCKET.SOCK_DGRAM, 0, subject);
    try {
      if (filter) this.#attach(filter);
      bindSocket(this.fd, linkAddress(ifindex, this.#protocol));
    } catch (error) {
      this.fd.close();
      throw error;
    }
  }

  #attach(filter: readonly Instruction[]): void {
    const program = filterProgram(filter);
    setSocketOption(this.fd, SOCKET.SOL_SOCKET, SOCKET.SO_ATTACH_FILTER, program.bytes);
    keepAlive(program.filter);
  }

  /** Sends a packet to hardware address `to`, everyone on the link when absent. */
  send(bytes: Uint8Array<ArrayBuffer>, to: Uint8Array = BROADCAST): void {
    if (!sendTo(this.fd, bytes, linkAddress(this.#ifindex, this.#protocol, to))) {
      throw new RangeError(`Cannot send to ${this.fd.subject}: its queue is full`);
    }
  }

  /**
   * The next packet of others, or undefined when none is waiting. Its UDP checksum may be left
   * unfinished when the sender is on this machine (a bridge, a veth).
   */
  tryReceive(): LinkPacket | undefined {
    for (;;) {
      const received = receiveFrom(this.fd, this.#buffer, SOCKADDR_LL.size);
      if (received === undefined) return undefined;
      const { bytes, address } = received;
      if (address.getUint8(SOCKADDR_LL.packetType) === SOCKADDR_LL.PACKET_OUTGOING) continue;
      const length = address.getUint8(SOCKADDR_LL.addressLength);
      const start = SOCKADDR_LL.address;
      return { bytes, from: new Uint8Array(address.buffer.slice(start, start + length)) };
    }
  }

  /** Waits for the next packet. @throws the reason of `signal` when it ends first. */
  receive(poller: FdPoller, signal?: AbortSignal): Promise<LinkPacket> {
    return poller.whenReadable(this.fd, () => this.tryReceive(), signal);
  }

  close(): void {
    this.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function linkAddress(ifindex: number, protocol: number, to?: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SOCKADDR_LL.size);
  const view = new DataView(bytes.buffer);
  view.setUint16(SOCKADDR_LL.family, SOCKET.AF_PACKET, true);
  view.setUint16(SOCKADDR_LL.protocol, protocol, false);
  view.setInt32(SOCKADDR_LL.ifindex, ifindex, true);
  if (to) {
    if (to.length > 8) {
      throw new RangeError(`Cannot address ${to.length} bytes of hardware address`);
    }
    bytes[SOCKADDR_LL.addressLength] = to.length;
    bytes.set(to, SOCKADDR_LL.address);
  }
  return bytes;
}
