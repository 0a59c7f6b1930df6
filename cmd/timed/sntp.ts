import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import {
  canonicalIp,
  clockOffsetNs,
  decodeNtpReply,
  encodeNtpRequest,
  kissCode,
  ntpReplyFault,
  ntpToUnixNs,
  roundTripNs,
} from "$lib/codec/mod.ts";

/** What one exchange with a time server found. */
export interface Measurement {
  readonly server: string;
  readonly address: string;
  readonly stratum: number;
  /** How far the local clock is behind. */
  readonly offsetNs: bigint;
  readonly roundTripNs: bigint;
  /** How far off the server itself may be. */
  readonly rootDistanceNs: bigint;
  /** The local time when the reply came, nanoseconds since 1970. */
  readonly localNs: bigint;
}

/** How to ask. */
export interface SntpOptions {
  readonly deadlineMs: number;
  /** The clock that is measured, nanoseconds since 1970. */
  readonly nowNs: () => bigint;
  readonly port?: number;
  readonly signal?: AbortSignal;
}

/** The server asks to be left alone; `code` is what it said, e.g. `RATE`. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  constructor(server: string, readonly code: string) {
    super(`Cannot ask time server "${server}": it refuses with "${code}"`);
  }
}

const NTP_PORT = 123;

/** The addresses of `server`, itself when it is one. @throws {Error} when it is not found in time */
export async function addressesOf(
  server: string,
  { deadlineMs, signal }: Pick<SntpOptions, "deadlineMs" | "signal">,
): Promise<readonly string[]> {
  // As the socket writes the sender of an answer.
  if (isIP(server)) return [server.includes("%") ? server : canonicalIp(server)];
  try {
    const found = await until(endOf(deadlineMs, signal), lookup(server, { all: true }));
    return found.map(({ address }) => address);
  } catch (error) {
    throw new Error(`Cannot ask time server "${server}": ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Asks `server` for the time, once, at the first of its addresses.
 *
 * @throws {RefusedError} when the server tells to keep away
 * @throws {Error} when there is no usable answer within the deadline
 */
export async function querySntp(server: string, options: SntpOptions): Promise<Measurement> {
  const [address = server] = await addressesOf(server, options);
  return await queryAddress(server, address, options);
}

/**
 * Asks the `server` that is at `address` for the time, once.
 *
 * @throws {RefusedError} when the server tells to keep away
 * @throws {Error} when there is no usable answer within the deadline
 */
export async function queryAddress(
  server: string,
  address: string,
  options: SntpOptions,
): Promise<Measurement> {
  try {
    return await exchange(server, address, endOf(options.deadlineMs, options.signal), options);
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    const at = server === address ? "" : ` at ${address}`;
    throw new Error(`Cannot ask time server "${server}"${at}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function endOf(deadlineMs: number, signal: AbortSignal | undefined): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(deadlineMs), ...(signal ? [signal] : [])]);
}

function exchange(
  server: string,
  address: string,
  ended: AbortSignal,
  { nowNs, port = NTP_PORT }: SntpOptions,
): Promise<Measurement> {
  const socket = createSocket(isIP(address) === 6 ? "udp6" : "udp4");
  const nonce = crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;
  let sent = 0n;
  const answered = new Promise<Measurement>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (bytes, from) => {
      const received = nowNs();
      // Anyone may send to an open port; only an answer that knows the nonce counts.
      if (from.address !== address || from.port !== port || !answers(bytes, nonce)) return;
      try {
        resolve(measure(server, address, bytes, { nonce, sent, received }));
      } catch (error) {
        reject(error);
      }
    });
    const request = encodeNtpRequest(nonce);
    sent = nowNs();
    socket.send(request, port, address, (error) => {
      if (error) reject(error);
    });
  });
  return until(ended, answered).finally(() => socket.close());
}

function answers(bytes: Uint8Array, nonce: bigint): boolean {
  try {
    return decodeNtpReply(bytes).origin === nonce;
  } catch {
    return false;
  }
}

function measure(
  server: string,
  address: string,
  bytes: Uint8Array,
  { nonce, sent, received }: { nonce: bigint; sent: bigint; received: bigint },
): Measurement {
  const reply = decodeNtpReply(bytes);
  const kiss = kissCode(reply);
  if (kiss !== undefined) throw new RefusedError(server, kiss);
  const fault = ntpReplyFault(reply, nonce);
  if (fault !== undefined) throw new SyntaxError(fault);
  const times = {
    sent,
    serverReceived: ntpToUnixNs(reply.receive),
    serverSent: ntpToUnixNs(reply.transmit),
    received,
  };
  const roundTrip = roundTripNs(times);
  if (roundTrip < 0n) throw new SyntaxError("its times contradict ours");
  return {
    server,
    address,
    stratum: reply.stratum,
    offsetNs: clockOffsetNs(times),
    roundTripNs: roundTrip,
    rootDistanceNs: BigInt(Math.round((reply.rootDelayMs / 2 + reply.rootDispersionMs) * 1e6)),
    localNs: received,
  };
}

function until<T>(ended: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => reject(ended.reason);
    if (ended.aborted) end();
    ended.addEventListener("abort", end, { once: true });
    work.then(resolve, reject).finally(() => ended.removeEventListener("abort", end));
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError") return "it does not answer";
  return error instanceof Error ? error.message : String(error);
}
