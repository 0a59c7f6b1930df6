/**
 * Sockets that the runtime has no API for; netlink.ts, packet.ts and udp.ts stand on it.
 *
 * @module
 */
import { check, checkUnless } from "./errno.ts";
import { Fd } from "./fd.ts";
import { libc } from "./libc.ts";
import { cString } from "./memory.ts";

const c = libc({
  // int socket(int domain, int type, int protocol)
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int fd, const struct sockaddr *addr, socklen_t addrlen)
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int getsockname(int fd, struct sockaddr *addr, socklen_t *addrlen)
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // ssize_t sendto(int fd, const void *buf, size_t len, int flags,
  //                const struct sockaddr *dest, socklen_t addrlen)
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "i64" },
  // ssize_t recvfrom(int fd, void *buf, size_t len, int flags,
  //                  struct sockaddr *src, socklen_t *addrlen)
  recvfrom: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "buffer"], result: "i64" },
  // int setsockopt(int fd, int level, int optname, const void *optval, socklen_t optlen)
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  // unsigned int if_nametoindex(const char *ifname)
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
});

/** Numbers of socket(2), setsockopt(2) and recvfrom(2). */
export const SOCKET = {
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  AF_PACKET: 17,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_REUSEADDR: 2,
  SO_BROADCAST: 6,
  SO_BINDTODEVICE: 25,
  SO_ATTACH_FILTER: 26,
  SO_RCVBUFFORCE: 33,
  SOL_NETLINK: 270,
  NETLINK_EXT_ACK: 11,
  NETLINK_GET_STRICT_CHK: 12,
  MSG_TRUNC: 0x20,
} as const;

/** A message and the raw sockaddr it came from. */
export interface Received {
  bytes: Uint8Array<ArrayBuffer>;
  address: DataView<ArrayBuffer>;
}

/** Opens a nonblocking socket that children do not inherit; `subject` names it in errors. */
export function openSocket(domain: number, type: number, protocol: number, subject: string): Fd {
  const flags = type | SOCKET.SOCK_NONBLOCK | SOCKET.SOCK_CLOEXEC;
  return Fd.adopt(check("socket", c.symbols.socket(domain, flags, protocol), subject), subject);
}

/** Binds `fd` to a sockaddr. @throws {SyscallError} EADDRINUSE, EACCES, ENODEV … */
export function bindSocket(fd: Fd, address: Uint8Array<ArrayBuffer>): void {
  check("bind", c.symbols.bind(fd.number, address, address.length), fd.subject);
}

/** The sockaddr that `fd` is bound to, cut to `size` bytes. */
export function socketAddress(fd: Fd, size: number): DataView<ArrayBuffer> {
  const address = new DataView(new ArrayBuffer(size));
  const length = new Uint32Array([size]);
  check("getsockname", c.symbols.getsockname(fd.number, address, length), fd.subject);
  return address;
}

/** Sends one message; false when the send queue is full. @throws {SyscallError} ENETDOWN, EMSGSIZE … */
export function sendTo(
  fd: Fd,
  bytes: Uint8Array<ArrayBuffer>,
  address: Uint8Array<ArrayBuffer> | null = null,
): boolean {
  const length = BigInt(bytes.length);
  const addressLength = address?.length ?? 0;
  const sent = c.symbols.sendto(fd.number, bytes, length, 0, address, addressLength);
  return checkUnless(["EAGAIN", "ENOBUFS"], "sendto", sent, fd.subject) !== undefined;
}

/**
 * The next message, by way of `buffer`, or undefined when none is waiting.
 * @throws {SyscallError} ENOBUFS once when the kernel dropped messages.
 * @throws {RangeError} when the message is longer than `buffer`; it is lost.
 */
export function receiveFrom(
  fd: Fd,
  buffer: Uint8Array<ArrayBuffer>,
  addressSize: number,
): Received | undefined {
  const address = new DataView(new ArrayBuffer(addressSize));
  const addressLength = new Uint32Array([addressSize]);
  const result = checkUnless(
    ["EAGAIN"],
    "recvfrom",
    c.symbols.recvfrom(
      fd.number,
      buffer,
      BigInt(buffer.length),
      SOCKET.MSG_TRUNC,
      address,
      addressLength,
    ),
    fd.subject,
  );
  if (result === undefined) return undefined;
  const length = Number(result);
  if (length > buffer.length) {
    throw new RangeError(`Cannot receive from "${fd.subject}": message of ${length} bytes`);
  }
  return { bytes: buffer.slice(0, length), address };
}

/** Sets a socket option to a number, or to bytes (a device name, a filter). */
export function setSocketOption(
  fd: Fd,
  level: number,
  option: number,
  value: number | Uint8Array<ArrayBuffer>,
): void {
  const bytes = typeof value === "number" ? new Uint8Array(new Int32Array([value]).buffer) : value;
  const result = c.symbols.setsockopt(fd.number, level, option, bytes, bytes.length);
  check("setsockopt", result, `${fd.subject} option ${option}`);
}

/** The kernel's index of network interface `name`, or undefined when there is none. */
export function findInterfaceIndex(name: string): number | undefined {
  return c.symbols.if_nametoindex(cString(name)) || undefined;
}
