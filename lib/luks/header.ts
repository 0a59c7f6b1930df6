/** The header of LUKS2: two copies of a binary part and a JSON part (LUKS2 On-Disk Format, chapters 2, 3). */
import { createHash } from "node:crypto";
import type { Device } from "./device.ts";

/** A slot that the volume's key is kept in, encrypted with a key that a passphrase gives. */
export interface Keyslot {
  readonly type: string;
  readonly key_size: number;
  readonly af: { readonly type: string; readonly stripes: number; readonly hash: string };
  readonly area: {
    readonly type: string;
    /** Bytes from the start of the device, in decimal. */
    readonly offset: string;
    readonly size: string;
    readonly encryption: string;
    readonly key_size: number;
  };
  readonly kdf: {
    readonly type: string;
    readonly hash?: string;
    readonly iterations?: number;
    readonly salt: string;
  };
}

/** What lies encrypted where. */
export interface Segment {
  readonly type: string;
  readonly offset: string;
  readonly size: string;
  readonly iv_tweak: string;
  readonly encryption: string;
  readonly sector_size: number;
}

/** How a key is told from a wrong one. */
export interface Digest {
  readonly type: string;
  readonly keyslots: readonly string[];
  readonly segments: readonly string[];
  readonly hash: string;
  readonly iterations: number;
  readonly salt: string;
  readonly digest: string;
}

/** The JSON part. */
export interface Metadata {
  readonly keyslots: Readonly<Record<string, Keyslot>>;
  readonly tokens: Readonly<
    Record<string, { readonly type: string; readonly keyslots: readonly string[] }>
  >;
  readonly segments: Readonly<Record<string, Segment>>;
  readonly digests: Readonly<Record<string, Digest>>;
  readonly config: { readonly json_size: string; readonly keyslots_size: string };
}

/** A header that was read. */
export interface Header {
  /** Counts changes. */
  readonly sequence: bigint;
  readonly label: string;
  readonly uuid: string;
  readonly metadata: Metadata;
}

/** One copy, with room for the JSON part that cryptsetup makes too. */
export const HEADER_BYTES = 16384;
const BINARY_BYTES = 4096;
/** Largest copy of a header that the format has. */
const MAX_HEADER_BYTES = 4 << 20;
const MAGICS = ["LUKS\xba\xbe", "SKUL\xba\xbe"] as const;
/** Byte offsets in the binary part; its numbers have their highest byte first. */
const AT = {
  version: 6,
  size: 8,
  sequence: 16,
  label: 24,
  algorithm: 72,
  salt: 104,
  uuid: 168,
  offset: 256,
  checksum: 448,
} as const;
const LENGTH = { label: 48, algorithm: 32, salt: 64, uuid: 40, checksum: 64 } as const;

/** The label in a header that starts with `bytes`, or whose second copy is in them. */
export function luksLabel(bytes: Uint8Array): string | undefined {
  for (const [i, magic] of MAGICS.entries()) {
    const copy = bytes.subarray(i * HEADER_BYTES, (i + 1) * HEADER_BYTES);
    if (copy.length === HEADER_BYTES && text(copy, 0, magic.length) === magic) {
      return text(copy, AT.label, LENGTH.label);
    }
  }
  return undefined;
}

/** The newer whole copy. @throws {Error} that names the device when there is none */
export async function readHeader(device: Pick<Device, "name" | "read" | "sizeBytes">): Promise<
  Header
> {
  const copies = [await readCopy(device, 0), await readCopy(device, 1)];
  const whole = copies.filter((copy) => typeof copy !== "string");
  whole.sort((a, b) => a.sequence < b.sequence ? 1 : -1);
  if (whole[0]) return whole[0];
  throw new Error(`Cannot read the LUKS2 header of ${device.name}: ${copies.join("; copy 2: ")}`);
}

/** Writes both copies. Whenever the power goes, one whole copy is left. */
export async function writeHeader(device: Device, header: Header): Promise<void> {
  // The second first: until the first is written the device is not taken for a whole one.
  for (const index of [1, 0] as const) {
    await device.write(index * HEADER_BYTES, encodeCopy(header, index));
    await device.flush();
  }
}

async function readCopy(
  device: Pick<Device, "read" | "sizeBytes">,
  index: 0 | 1,
): Promise<Header | string> {
  const start = index * HEADER_BYTES;
  if (device.sizeBytes < 2 * HEADER_BYTES) return "the device is too small for one";
  const binary = await device.read(start, BINARY_BYTES);
  const view = new DataView(binary.buffer, binary.byteOffset);
  if (text(binary, 0, 6) !== MAGICS[index]) return "there is none";
  if (view.getUint16(AT.version) !== 2) return `version ${view.getUint16(AT.version)}, not 2`;
  const size = Number(view.getBigUint64(AT.size));
  if (size < HEADER_BYTES || size > MAX_HEADER_BYTES || start + size > device.sizeBytes) {
    return `a size of ${size} bytes`;
  }
  if (size !== HEADER_BYTES) return `a size of ${size} bytes, not ${HEADER_BYTES}`;
  if (Number(view.getBigUint64(AT.offset)) !== start) return "it belongs elsewhere";
  if (text(binary, AT.algorithm, LENGTH.algorithm) !== "sha256") {
    return "its checksum is no SHA-256";
  }
  const bytes = await device.read(start, size);
  const checksum = bytes.slice(AT.checksum, AT.checksum + 32);
  bytes.fill(0, AT.checksum, AT.checksum + LENGTH.checksum);
  if (createHash("sha256").update(bytes).digest("hex") !== checksum.toHex()) {
    return "wrong checksum";
  }
  try {
    return {
      sequence: view.getBigUint64(AT.sequence),
      label: text(binary, AT.label, LENGTH.label),
      uuid: text(binary, AT.uuid, LENGTH.uuid),
      metadata: JSON.parse(new TextDecoder().decode(untilNul(bytes.subarray(BINARY_BYTES)))),
    };
  } catch {
    return "its JSON cannot be read";
  }
}

/** @throws {RangeError} when the JSON part has no room */
function encodeCopy({ sequence, label, uuid, metadata }: Header, index: 0 | 1): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: string) => {
    for (let i = 0; i < value.length; i++) bytes[at + i] = value.charCodeAt(i);
  };
  put(0, MAGICS[index]);
  view.setUint16(AT.version, 2);
  view.setBigUint64(AT.size, BigInt(HEADER_BYTES));
  view.setBigUint64(AT.sequence, sequence);
  put(AT.label, label);
  put(AT.algorithm, "sha256");
  crypto.getRandomValues(bytes.subarray(AT.salt, AT.salt + LENGTH.salt));
  put(AT.uuid, uuid);
  view.setBigUint64(AT.offset, BigInt(index * HEADER_BYTES));
  const json = new TextEncoder().encode(JSON.stringify(metadata));
  if (json.length >= HEADER_BYTES - BINARY_BYTES) {
    throw new RangeError(`Cannot write a LUKS2 header: its JSON has ${json.length} bytes`);
  }
  bytes.set(json, BINARY_BYTES);
  bytes.set(createHash("sha256").update(bytes).digest(), AT.checksum);
  return bytes;
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return new TextDecoder("latin1").decode(untilNul(bytes.subarray(at, at + length)));
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}
