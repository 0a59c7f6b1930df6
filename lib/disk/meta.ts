/**
 * What a node remembers about itself outside of every filesystem: few small values under numbers, in two
 * copies on a partition of its own.
 */
import { createHash } from "node:crypto";
import type { Medium } from "./medium.ts";

/** Values by their number, 1 to 65535. */
export type MetaValues = ReadonlyMap<number, Uint8Array>;

/** What was read, and what is wrong with it. */
export interface MetaReading {
  readonly values: MetaValues;
  /** Why a copy, or both, could not be used; writing heals it. Both: there are no values. */
  readonly fault?: string;
}

const MAGIC = "NODEMETA";
/** Offsets in a copy; the checksum covers the header before it and the payload. */
const HEADER = { generation: 8, payloadBytes: 16, checksum: 20, size: 52 } as const;
/** Before each value: its number and its length. */
const VALUE_HEADER_BYTES = 6;

interface Copy {
  readonly generation: bigint;
  readonly values: MetaValues;
}

/** Reads the newer of the two copies that is whole. A partition never written to has no values. */
export async function readMeta(medium: Medium): Promise<MetaReading> {
  const { newest, faults } = await readCopies(medium);
  const values = newest?.values ?? new Map();
  return faults.length === 0 ? { values } : {
    values,
    fault: `Cannot read all of META on ${medium.name}: ${faults.join("; ")}`,
  };
}

/**
 * Makes `values` what is remembered. The older copy is written and on the medium before the other one is
 * touched: whenever the power goes, a whole copy is left, that of before or the new one.
 *
 * @throws {RangeError} when the values have no room
 */
export async function writeMeta(medium: Medium, values: MetaValues): Promise<void> {
  const { copies, newest, usedBytes } = await readCopies(medium);
  const next = encodeMeta({ generation: (newest?.generation ?? 0n) + 1n, values });
  const room = copyBytes(medium);
  if (next.length > room) {
    throw new RangeError(`Cannot write META: ${next.length} bytes, there is room for ${room}`);
  }
  // What is forgotten may be a key: nothing of it is to be left behind a shorter copy.
  const bytes = new Uint8Array(Math.max(next.length, usedBytes));
  bytes.set(next);
  const newestAt = newest === undefined ? -1 : copies.indexOf(newest);
  for (const at of newestAt === 0 ? [1, 0] : [0, 1]) {
    await medium.write(at * room, bytes);
    await medium.flush();
  }
}

/** The bytes of one copy. */
export function encodeMeta({ generation, values }: Copy): Uint8Array<ArrayBuffer> {
  const parts = [...values].toSorted(([a], [b]) => a - b);
  const payloadBytes = parts.reduce((sum, [, { length }]) => sum + VALUE_HEADER_BYTES + length, 0);
  const bytes = new Uint8Array(HEADER.size + payloadBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setBigUint64(HEADER.generation, generation);
  view.setUint32(HEADER.payloadBytes, payloadBytes);
  let at: number = HEADER.size;
  for (const [number, value] of parts) {
    if (!Number.isInteger(number) || number < 1 || number > 0xffff) {
      throw new RangeError(`Cannot write META: it has no value ${number}`);
    }
    view.setUint16(at, number);
    view.setUint32(at + 2, value.length);
    bytes.set(value, at + VALUE_HEADER_BYTES);
    at += VALUE_HEADER_BYTES + value.length;
  }
  bytes.set(checksum(bytes), HEADER.checksum);
  return bytes;
}

/** The copy at the start of `bytes`, undefined where nothing was ever written, or what is wrong. */
export function decodeMeta(bytes: Uint8Array): Copy | string | undefined {
  const header = bytes.subarray(0, HEADER.size);
  if (header.every((byte) => byte === 0)) return undefined;
  if (header.length < HEADER.size) return "it is cut short";
  if (new TextDecoder("latin1").decode(header.subarray(0, MAGIC.length)) !== MAGIC) {
    return "it starts with other bytes";
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = HEADER.size + view.getUint32(HEADER.payloadBytes);
  if (end > bytes.length) return `it would be ${end} bytes long`;
  const copy = bytes.subarray(0, end);
  const stored = copy.subarray(HEADER.checksum, HEADER.size);
  if (checksum(copy).some((byte, i) => byte !== stored[i])) return "wrong checksum";
  const values = new Map<number, Uint8Array>();
  for (let at: number = HEADER.size; at < end;) {
    if (at + VALUE_HEADER_BYTES > end) return "a value is cut short";
    const from = at + VALUE_HEADER_BYTES;
    const to = from + view.getUint32(at + 2);
    if (to > end) return "a value is cut short";
    values.set(view.getUint16(at), copy.slice(from, to));
    at = to;
  }
  return { generation: view.getBigUint64(HEADER.generation), values };
}

async function readCopies(medium: Medium): Promise<{
  readonly copies: readonly (Copy | undefined)[];
  readonly newest: Copy | undefined;
  readonly faults: readonly string[];
  /** Where the last byte ends that is not zero, of the longer copy. */
  readonly usedBytes: number;
}> {
  const room = copyBytes(medium);
  let usedBytes = 0;
  const faults: string[] = [];
  const copies: (Copy | undefined)[] = [];
  for (const [i, ordinal] of ["first", "second"].entries()) {
    const read = await medium.read(i * room, room).then(
      (bytes) => {
        usedBytes = Math.max(usedBytes, bytes.findLastIndex((byte) => byte !== 0) + 1);
        return decodeMeta(bytes);
      },
      // A sector that cannot be read costs this copy only.
      (error) => error instanceof Error ? error.message : String(error),
    );
    if (typeof read === "string") faults.push(`${ordinal} copy: ${read}`);
    copies.push(typeof read === "string" ? undefined : read);
  }
  const whole = copies.filter((copy) => copy !== undefined);
  const newest = whole.toSorted((a, b) => Number(b.generation - a.generation))[0];
  return { copies, newest, faults, usedBytes };
}

function copyBytes({ sizeBytes }: Medium): number {
  return Math.floor(sizeBytes / 2);
}

function checksum(copy: Uint8Array): Uint8Array {
  return createHash("sha256")
    .update(copy.subarray(0, HEADER.checksum))
    .update(copy.subarray(HEADER.size))
    .digest();
}
