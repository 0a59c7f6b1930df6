/**
 * UDP tied to one interface: DHCP renewals must leave where the lease lives.
 *
 * @module
 */
import type { Fd } from "./fd.ts";
import { libc } from "./libc.ts";
import { cString, textUntilNul } from "./memory.ts";
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

const c = libc({
  // int inet_pton(int af, const char *src, void *dst)
  inet_pton: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // const char *inet_ntop(int af, const void *src, char *dst, socklen_t size)
  inet_ntop: { parameters: ["i32", "buffer", "buffer", "u32"], result: "pointer" },
});

/** Byte offsets in struct sockaddr_in. */
export const SOCKADDR_IN = { size: 16, family: 0, port: 2, address: 4, bytes: 4 } as const;
/** Byte offsets in struct sockaddr_in6. */
export const SOCKADDR_IN6 = { size: 28, family: 0, port: 2, address: 8, bytes: 16 } as const;

const RECEIVE_BYTES = 65536;
/** INET6_ADDRSTRLEN. */
const TEXT_BYTES = 46;

/** An address without zone, and a port. */
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
    this.fd = openSocket(familyOf(local.hostname), SOCKET.SOCK_DGRAM, 0, subject);
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
    return readAddress(socketAddress(this.fd, SOCKADDR_IN6.size));
  }

  /** Sends one datagram. @throws {SyscallError} ENETUNREACH, EHOSTUNREACH … */
  send(bytes: Uint8Array<ArrayBuffer>, to: UdpAddress): void {
    if (!sendTo(this.fd, bytes, internetAddress(to))) {
      throw new RangeError(`Cannot send to ${to.hostname}: the queue is full`);
    }
  }

  /** The next datagram, or undefined when none is waiting. */
  tryReceive(): Datagram | undefined {
    const received = receiveFrom(this.fd, this.#buffer, SOCKADDR_IN6.size);
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

function familyOf(hostname: string): number {
  return hostname.includes(":") ? SOCKET.AF_INET6 : SOCKET.AF_INET;
}

function internetAddress({ hostname, port }: UdpAddress): Uint8Array<ArrayBuffer> {
  const family = familyOf(hostname);
  const at = family === SOCKET.AF_INET6 ? SOCKADDR_IN6 : SOCKADDR_IN;
  const bytes = new Uint8Array(at.size);
  const view = new DataView(bytes.buffer);
  view.setUint16(at.family, family, true);
  view.setUint16(at.port, port, false);
  if (c.symbols.inet_pton(family, cString(hostname), bytes.subarray(at.address)) !== 1) {
    throw new TypeError(`Cannot address "${hostname}": not an IP address`);
  }
  return bytes;
}

function readAddress(view: DataView<ArrayBuffer>): UdpAddress {
  const family = view.getUint16(SOCKADDR_IN.family, true);
  const at = family === SOCKET.AF_INET6 ? SOCKADDR_IN6 : SOCKADDR_IN;
  const text = new Uint8Array(TEXT_BYTES);
  c.symbols.inet_ntop(
    family,
    new Uint8Array(view.buffer, at.address, at.bytes),
    text,
    text.length,
  );
  return { hostname: textUntilNul(text), port: view.getUint16(at.port, false) };
}
