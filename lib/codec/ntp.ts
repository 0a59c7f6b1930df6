/** A reply of an NTP server (RFC 5905); timestamps are the raw 64 bits. */
export interface NtpReply {
  /** 0 none, 1 and 2 a leap second comes, 3 the server itself is not synchronised. */
  readonly leap: number;
  readonly version: number;
  readonly mode: number;
  readonly stratum: number;
  /** Seconds, as a power of two. */
  readonly poll: number;
  readonly precision: number;
  readonly rootDelayMs: number;
  readonly rootDispersionMs: number;
  /** Four bytes: a kiss code at stratum 0, else what the server follows. */
  readonly referenceId: Uint8Array;
  /** What the client sent as its transmit timestamp. */
  readonly origin: bigint;
  /** When the request came, by the server's clock. */
  readonly receive: bigint;
  /** When the reply left, by the server's clock. */
  readonly transmit: bigint;
}

/** Size of a packet without extension fields. */
export const NTP_PACKET_SIZE = 48;
const VERSION = 4;
const MODE_CLIENT = 3;
const MODE_SERVER = 4;
const UNSYNCHRONISED = 3;
const MAX_STRATUM = 15;
/** MAXDISP / 2 of RFC 5905 would be 8 s; past this a server's own error outweighs its worth. */
const MAX_ROOT_DISTANCE_MS = 3_000;

/** A client's request. `nonce` stands as transmit timestamp and comes back as the origin. */
export function encodeNtpRequest(nonce: bigint): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(NTP_PACKET_SIZE);
  bytes[0] = VERSION << 3 | MODE_CLIENT;
  new DataView(bytes.buffer).setBigUint64(40, nonce);
  return bytes;
}

/** Reads a packet. @throws {RangeError} when it is too short */
export function decodeNtpReply(bytes: Uint8Array): NtpReply {
  if (bytes.length < NTP_PACKET_SIZE) {
    throw new RangeError(`Cannot read NTP packet: ${bytes.length} of ${NTP_PACKET_SIZE} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.getUint8(0);
  return {
    leap: first >> 6,
    version: first >> 3 & 7,
    mode: first & 7,
    stratum: view.getUint8(1),
    poll: view.getInt8(2),
    precision: view.getInt8(3),
    rootDelayMs: view.getInt32(4) / 65.536,
    rootDispersionMs: view.getUint32(8) / 65.536,
    referenceId: bytes.slice(12, 16),
    origin: view.getBigUint64(24),
    receive: view.getBigUint64(32),
    transmit: view.getBigUint64(40),
  };
}

/** The codes by which a server wants to be left alone (RFC 5905, 7.4); all others only tell its state. */
const KISSES = ["DENY", "RSTR", "RATE"];

/** The code of a kiss-o'-death packet: `DENY`, `RSTR` or `RATE`; nothing when the reply is none. */
export function kissCode(reply: NtpReply): string | undefined {
  const code = stateCode(reply);
  return KISSES.find((kiss) => kiss === code);
}

/** What a server without a time says in its place, e.g. `INIT`; empty where it says nothing. */
function stateCode(reply: NtpReply): string | undefined {
  if (reply.stratum !== 0) return undefined;
  return String.fromCharCode(...reply.referenceId).replace(/[^\x20-\x7e]/g, "");
}

/** Why a reply to the request with `nonce` cannot set a clock, or nothing when it can. */
export function ntpReplyFault(reply: NtpReply, nonce: bigint): string | undefined {
  if (reply.mode !== MODE_SERVER) return `mode is ${reply.mode}`;
  if (reply.version < 1 || reply.version > VERSION) return `version is ${reply.version}`;
  if (reply.origin !== nonce) return "it answers another request";
  const kiss = kissCode(reply);
  if (kiss !== undefined) return `server refuses with "${kiss}"`;
  const state = stateCode(reply);
  if (state) return `server is not synchronised: ${state}`;
  if (state !== undefined || reply.leap === UNSYNCHRONISED) return "server is not synchronised";
  if (reply.stratum > MAX_STRATUM) return `stratum is ${reply.stratum}`;
  if (reply.receive === 0n || reply.transmit === 0n) return "a timestamp is missing";
  if (reply.rootDelayMs / 2 + reply.rootDispersionMs > MAX_ROOT_DISTANCE_MS) {
    return `server may be ${Math.round(reply.rootDelayMs / 2 + reply.rootDispersionMs)} ms off`;
  }
  return undefined;
}
