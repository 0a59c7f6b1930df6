/**
 * UDP over IPv4 tied to one interface: DHCP renewals must leave where the lease lives.
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

/** Byte offsets in struct sockaddr_in. */
export const SOCKADDR_IN = { size: 16, family: 0, port: 2, address: 4 } as const;

const RECEIVE_BYTES = 65536;

/** An IPv4 address in dots and a port. */
export interface UdpAddress {
  hostname: string;
  port: number;
}

/** A datagram and its sender. */
export interface Datagram {
  bytes: Uint8Array<ArrayBuffer>;
  from: UdpAddress;
}

/** A UDP socket bound to an address and, when `device` is named, to that interface alone. */
export class UdpSocket implements Disposable {
  readonly fd: Fd;
  readonly #buffer = new Uint8Array(RECEIVE_BYTES);

  constructor(
    local: UdpAddress,
    { device, broadcast }: { device?: string; broadcast?: boolean } = {},
  ) {
    const subject = `udp ${local.hostname}:${local.port}${device ? ` on ${device}` : ""}`;
    this.fd = openSocket(SOCKET.AF_INET, SOCKET.SOCK_DGRAM, 0, subject);
    try {
      setSocketOption(this.fd, SOCKET.SOL_SOCKET, SOCKET.SO_REUSEADDR, 1);
      if (broadcast) setSocketOption(this.fd, SOCKET.SOL_SOCKET, SOCKET.SO_BROADCAST, 1);
      if (device) {
        const name = new TextEncoder().encode(device);
        setSocketOption(this.fd, SOCKET.SOL_SOCKET, SOCKET.SO_BINDTODEVICE, name);
      }
      bindSocket(this.fd, internetAddress(local));
    } catch (error) {
      this.fd.close();
      throw error;
    }
  }

  /** The address it is bound to, with the port the kernel chose when none was asked for. */
  get local(): UdpAddress {
    return readAddress(socketAddress(this.fd, SOCKADDR_IN.size));
  }

  /** Sends one datagram. @throws {SyscallError} ENETUNREACH, EHOSTUNREACH … */
  send(bytes: Uint8Array<ArrayBuffer>, to: UdpAddress): void {
    if (!sendTo(this.fd, bytes, internetAddress(to))) {
      throw new RangeError(`Cannot send to ${to.hostname}: the queue is full`);
    }
  }

  /** The next datagram, or undefined when none is waiting. */
  tryReceive(): Datagram | undefined {
    const received = receiveFrom(this.fd, this.#buffer, SOCKADDR_IN.size);
    return received && { bytes: received.bytes, from: readAddress(received.address) };
  }

  /** Waits for the next datagram. @throws the reason of `signal` when it ends first. */
  receive(poller: FdPoller, signal?: AbortSignal): Promise<Datagram> {
    return poller.whenReadable(this.fd, () => this.tryReceive(), signal);
  }

  close(): void {
    this.fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function internetAddress({ hostname, port }: UdpAddress): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SOCKADDR_IN.size);
  const view = new DataView(bytes.buffer);
  view.setUint16(SOCKADDR_IN.family, SOCKET.AF_INET, true);
  view.setUint16(SOCKADDR_IN.port, port, false);
  if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(hostname)) {
    throw new TypeError(`Cannot address "${hostname}": not an IPv4 address`);
  }
  bytes.set(hostname.split(".").map(Number), SOCKADDR_IN.address);
  return bytes;
}

function readAddress(view: DataView<ArrayBuffer>): UdpAddress {
  const octets = [0, 1, 2, 3].map((i) => view.getUint8(SOCKADDR_IN.address + i));
  return { hostname: octets.join("."), port: view.getUint16(SOCKADDR_IN.port, false) };
}
