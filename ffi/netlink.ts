/**
 * Netlink sockets: messages to and from the kernel as bytes; $lib/codec knows what is in them.
 *
 * @module
 */
import type { Fd } from "./fd.ts";
import type { FdPoller } from "./poller.ts";
import {
  bindSocket,
  openSocket,
  receiveFrom,
  sendTo,
  setSocketOption,
  SOCKET,
  socketAddress,
} from "./socket.ts";

/** Byte offsets in struct sockaddr_nl. */
export const SOCKADDR_NL = { size: 12, family: 0, portId: 4, groups: 8 } as const;

/** Netlink protocols. */
export const NETLINK = { ROUTE: 0, KOBJECT_UEVENT: 15, GENERIC: 16 } as const;

/** Longer than any message the kernel sends: it fills at most 32 KiB a part. */
const RECEIVE_BYTES = 65536;

/** How a socket is opened. */
export interface NetlinkOptions {
  /** Sum of multicast groups to hear, such as 1 (links) | 0x10 (IPv4 addresses). */
  groups?: number;
  /** Bytes the kernel may hold back for us before it drops; needs CAP_NET_ADMIN. */
  receiveBufferBytes?: number;
  /** Errors carry attributes that say what was wrong. */
  extendedAck?: boolean;
}

/** A netlink socket, bound; hold it by `using`. */
export class NetlinkSocket implements Disposable {
  readonly fd: Fd;
  /** Our address in this protocol, as the kernel chose it. */
  readonly portId: number;
  readonly #buffer = new Uint8Array(RECEIVE_BYTES);

  constructor(protocol: keyof typeof NETLINK, options: NetlinkOptions = {}) {
    const subject = `netlink ${protocol.toLowerCase()}`;
    const fd = openSocket(SOCKET.AF_NETLINK, SOCKET.SOCK_RAW, NETLINK[protocol], subject);
    this.fd = fd;
    try {
      const { receiveBufferBytes, extendedAck = false, groups = 0 } = options;
      if (receiveBufferBytes !== undefined) {
        setSocketOption(fd, SOCKET.SOL_SOCKET, SOCKET.SO_RCVBUFFORCE, receiveBufferBytes);
      }
      if (extendedAck) setSocketOption(fd, SOCKET.SOL_NETLINK, SOCKET.NETLINK_EXT_ACK, 1);
      bindSocket(fd, netlinkAddress(groups));
      this.portId = socketAddress(fd, SOCKADDR_NL.size).getUint32(SOCKADDR_NL.portId, true);
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  /** Sends one or more messages to the kernel. @throws {SyscallError} when it does not take them. */
  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (!sendTo(this.fd, bytes, netlinkAddress(0))) {
      throw new RangeError(`Cannot send to ${this.fd.subject}: its queue is full`);
    }
  }

  /**
   * The next datagram (one or more messages) from the kernel, or undefined when none is waiting.
   * @throws {SyscallError} ENOBUFS once after the kernel dropped messages: read the state anew.
   */
  tryReceive(): Uint8Array<ArrayBuffer> | undefined {
    for (;;) {
      const received = receiveFrom(this.fd, this.#buffer, SOCKADDR_NL.size);
      if (received === undefined) return undefined;
      // Other processes may send to our port id; only the kernel's is 0.
      if (received.address.getUint32(SOCKADDR_NL.portId, true) === 0) return received.bytes;
    }
  }

  /** Waits for the next datagram. @throws the reason of `signal` when it ends first. */
  receive(poller: FdPoller, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return poller.whenReadable(this.fd, () => this.tryReceive(), signal);
  }

  close(): void {
    this.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function netlinkAddress(groups: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(SOCKADDR_NL.size));
  view.setUint16(SOCKADDR_NL.family, SOCKET.AF_NETLINK, true);
  view.setUint32(SOCKADDR_NL.groups, groups, true);
  return new Uint8Array(view.buffer);
}
