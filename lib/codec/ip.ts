/** The dotted text of four bytes. @throws {RangeError} when there are not four */
export function formatIpv4(bytes: Uint8Array): string {
  if (bytes.length !== 4) throw new RangeError(`Cannot read IPv4 address: ${bytes.length} bytes`);
  return bytes.join(".");
}

/** The four bytes of a dotted address. @throws {SyntaxError} when it is none */
export function parseIpv4(text: string): Uint8Array<ArrayBuffer> {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (!parts || parts.some((part) => part > 255)) {
    throw new SyntaxError(`Cannot read IPv4 address: ${JSON.stringify(text)}`);
  }
  return Uint8Array.from(parts);
}

/** The text RFC 5952 asks for. @throws {RangeError} when there are not sixteen bytes */
export function formatIpv6(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new RangeError(`Cannot read IPv6 address: ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(at * 2).toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}

function longestZeros(groups: string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let run = 0;
  groups.forEach((group, at) => {
    run = group === "0" ? run + 1 : 0;
    if (run > best.length) best = { start: at - run + 1, length: run };
  });
  return best;
}

/** The sixteen bytes of an IPv6 address without zone. @throws {SyntaxError} when it is none */
export function parseIpv6(text: string): Uint8Array<ArrayBuffer> {
  const fault = () => new SyntaxError(`Cannot read IPv6 address: ${JSON.stringify(text)}`);
  const halves = withoutDotted(text, fault).split("::");
  if (halves.length > 2) throw fault();
  const [head = [], tail = []] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) throw fault();
  const groups = [...head, ...Array<string>(missing).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) throw fault();
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  groups.forEach((group, at) => view.setUint16(at * 2, parseInt(group, 16)));
  return bytes;
}

/** Turns a trailing dotted part, as in `::ffff:10.0.0.1`, into two groups. */
function withoutDotted(text: string, fault: () => Error): string {
  const at = text.lastIndexOf(":");
  if (at < 0 || !text.includes(".")) return text;
  let bytes: Uint8Array;
  try {
    bytes = parseIpv4(text.slice(at + 1));
  } catch {
    throw fault();
  }
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return `${text.slice(0, at + 1)}${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
}

/** The bytes of an address of either family. @throws {SyntaxError} when it is none */
export function parseIp(text: string): Uint8Array<ArrayBuffer> {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** The text of four or sixteen bytes. @throws {RangeError} for any other number */
export function formatIp(bytes: Uint8Array): string {
  return bytes.length === 16 ? formatIpv6(bytes) : formatIpv4(bytes);
}

/** The one text of an address of either family. @throws {SyntaxError} when it is none */
export function canonicalIp(text: string): string {
  return formatIp(parseIp(text));
}

/** An address and how many of its leading bits name the network. */
export interface IpPrefix {
  readonly address: string;
  readonly prefix: number;
}

/** Reads `10.0.0.2/24` or `fd00::2/64`. @throws {SyntaxError} when it is none */
export function parseCidr(text: string): IpPrefix {
  const [address = "", prefix = "", ...rest] = text.split("/");
  const bits = parseIp(address).length * 8;
  if (rest.length > 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) {
    throw new SyntaxError(`Cannot read address with prefix length: ${JSON.stringify(text)}`);
  }
  return { address, prefix: Number(prefix) };
}

/** The same prefix with every bit behind it cleared: the network an address is in. */
export function networkOf({ address, prefix }: IpPrefix): IpPrefix {
  const bytes = parseIp(address).map((byte, at) => byte & maskByte(prefix, at));
  return { address: formatIp(bytes), prefix };
}

/** The byte at a place of the netmask that has `prefix` leading ones. */
function maskByte(prefix: number, at: number): number {
  return 0xff << (8 - Math.max(0, Math.min(8, prefix - at * 8))) & 0xff;
}

/** Whether an address is in the network of a prefix; one of the other family never is. */
export function isInNetwork(address: string, { address: network, prefix }: IpPrefix): boolean {
  const [ours, theirs] = [parseIp(address), parseIp(network)];
  return ours.length === theirs.length &&
    ours.every((byte, at) => ((byte ^ theirs[at]!) & maskByte(prefix, at)) === 0);
}

/** How many leading ones a netmask has. @throws {RangeError} when the ones are not contiguous */
export function maskPrefix(mask: Uint8Array): number {
  const bits = Array.from(mask, (octet) => octet.toString(2).padStart(8, "0")).join("");
  if (!/^1*0*$/.test(bits)) throw new RangeError(`Cannot read netmask: ${mask.join(".")}`);
  const end = bits.indexOf("0");
  return end < 0 ? bits.length : end;
}

/** The prefix length of an IPv4 address by its class, which is meant where no netmask is given. */
export function classPrefix(address: string): number {
  const [first = 0] = parseIpv4(address);
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

/** `52:54:00:12:34:56` of any number of bytes. */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** The six bytes of a hardware address. @throws {SyntaxError} when it is none */
export function parseMac(text: string): Uint8Array<ArrayBuffer> {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) {
    throw new SyntaxError(`Cannot read hardware address: ${JSON.stringify(text)}`);
  }
  return Uint8Array.from(text.split(":"), (byte) => parseInt(byte, 16));
}
