/** LUKS2 volumes: made, opened with a passphrase, their keys brought in line with a configuration. */
import { pbkdf2 as derive, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { Device } from "./device.ts";
import {
  type Digest,
  type Header,
  HEADER_BYTES,
  type Keyslot,
  type Metadata,
  readHeader,
  writeHeader,
} from "./header.ts";
import { merge, split } from "./split.ts";
import { decryptXts, encryptXts } from "./xts.ts";

/** A passphrase and the slot that it belongs in. */
export interface Key {
  readonly slot: number;
  readonly passphrase: Uint8Array;
}

/** A volume that was opened. */
export interface OpenVolume {
  readonly header: Header;
  /** What the data is encrypted with: never to be logged. */
  readonly volumeKey: Uint8Array;
  /** The key that opened it. */
  readonly by?: Key;
}

/** No key opens the volume. */
export class WrongKeyError extends Error {
  override readonly name = "WrongKeyError";
}

export const CIPHER = "aes-xts-plain64";
/** Where data starts, and everything before: as cryptsetup lays it out. */
export const DATA_OFFSET = 16 << 20;
const KEY_BYTES = 64;
const STRIPES = 4000;
const AREA_BYTES = 258048;
const SALT_BYTES = 32;
/** Tries that a passphrase costs somebody who guesses; what OWASP asks of PBKDF2 with SHA-256. */
const ITERATIONS = 600_000;
/** The volume's key is random: there is nothing to guess. */
const DIGEST_ITERATIONS = 1000;
/** Slots of LUKS2. */
const MAX_SLOTS = 32;
/** Says in the header that the filesystem of a volume is not made yet; other tools pass over it. */
const UNMADE = { type: "node-unmade", keyslots: [] } as const;

const pbkdf2 = promisify(derive);

/** Makes a volume on a device that holds nothing of worth; its filesystem is still to be made. */
export async function formatLuks(
  device: Device,
  label: string,
  keys: readonly Key[],
): Promise<OpenVolume> {
  const volumeKey = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const digest = await pbkdf2(volumeKey, salt, DIGEST_ITERATIONS, SALT_BYTES, "sha256");
  const empty: Header = {
    sequence: 1n,
    label,
    uuid: crypto.randomUUID(),
    metadata: {
      keyslots: {},
      tokens: { 0: UNMADE },
      segments: {
        0: {
          ...{ type: "crypt", offset: String(DATA_OFFSET), size: "dynamic", iv_tweak: "0" },
          ...{ encryption: CIPHER, sector_size: 512 },
        },
      },
      digests: {
        0: {
          ...{ type: "pbkdf2", keyslots: [], segments: ["0"], hash: "sha256" },
          ...{ iterations: DIGEST_ITERATIONS, salt: salt.toBase64(), digest: base64(digest) },
        },
      },
      config: {
        json_size: String(HEADER_BYTES - 4096),
        keyslots_size: String(DATA_OFFSET - 2 * HEADER_BYTES),
      },
    },
  };
  let header = empty;
  for (const key of keys) header = await withKey(device, header, volumeKey, key);
  await device.flush();
  await writeHeader(device, header);
  return { header, volumeKey };
}

/**
 * Opens a volume with the first key that fits, in whatever slot.
 *
 * @throws {WrongKeyError} when none fits
 * @throws {Error} when there is no whole header, or it asks for what is not supported
 */
export async function openLuks(device: Device, keys: readonly Key[]): Promise<OpenVolume> {
  const header = await readHeader(device);
  refuseOthers(device.name, header.metadata);
  const skipped: string[] = [];
  for (const key of keys) {
    const own = ([slot]: readonly [string, Keyslot]) => Number(slot === String(key.slot));
    const slots = Object.entries(header.metadata.keyslots).sort((a, b) => own(b) - own(a));
    for (const [slot, keyslot] of slots) {
      const fault = keyslotFault(keyslot);
      if (fault !== undefined) {
        skipped.push(`slot ${slot} uses ${fault}`);
        continue;
      }
      const volumeKey = await openSlot(device, header.metadata, slot, key);
      if (volumeKey) return { header, volumeKey, by: { ...key, slot: Number(slot) } };
    }
  }
  const more = skipped.length > 0 ? `; not tried: ${[...new Set(skipped)].join(", ")}` : "";
  throw new WrongKeyError(`no key of the configuration opens ${device.name}${more}`);
}

/** Gives an open volume these keys and no others. A key that is there is left as it is. */
export async function syncKeys(
  device: Device,
  { header, volumeKey, by }: OpenVolume,
  keys: readonly Key[],
): Promise<Header> {
  const kept = new Set<string>();
  for (const key of keys) {
    if (by?.slot === key.slot && by.passphrase === key.passphrase) {
      kept.add(String(key.slot));
      continue;
    }
    const keyslot = header.metadata.keyslots[key.slot];
    const fits = keyslot !== undefined && keyslotFault(keyslot) === undefined &&
      await openSlot(device, header.metadata, String(key.slot), key);
    if (fits) kept.add(String(key.slot));
  }
  const gone = Object.keys(header.metadata.keyslots).filter((slot) => !kept.has(slot));
  const missing = keys.filter(({ slot }) => !kept.has(String(slot)));
  if (gone.length === 0 && missing.length === 0) return header;
  // First what is new, where there is room, so that a cut of the power leaves a key that opens.
  let next: Header = { ...header, sequence: header.sequence + 1n };
  const former = header.metadata.keyslots;
  for (const key of missing) next = await withKey(device, next, volumeKey, key, former);
  next = { ...next, metadata: withoutSlots(next.metadata, gone, missing) };
  await device.flush();
  await writeHeader(device, next);
  for (const slot of gone) {
    const { offset, size } = former[slot]!.area;
    await device.write(Number(offset), crypto.getRandomValues(new Uint8Array(4096)));
    await device.write(Number(offset) + 4096, new Uint8Array(Number(size) - 4096));
  }
  await device.flush();
  return next;
}

/** Whether the filesystem in a volume is still to be made. */
export function isUnmade({ metadata }: Header): boolean {
  return Object.values(metadata.tokens).some(({ type }) => type === UNMADE.type);
}

/** Says that the filesystem in a volume is made, and on the disk. */
export async function noteMade(device: Device, header: Header): Promise<void> {
  const tokens = Object.fromEntries(
    Object.entries(header.metadata.tokens).filter(([, { type }]) => type !== UNMADE.type),
  );
  const metadata = { ...header.metadata, tokens };
  await writeHeader(device, { ...header, sequence: header.sequence + 1n, metadata });
}

/** The parameters of device mapper's target `crypt` for the data on `path`. They hold the key. */
export function cryptParameters(path: string, { header, volumeKey }: OpenVolume): string {
  const { offset, iv_tweak, encryption, sector_size } = header.metadata.segments[0]!;
  const options = sector_size === 512 ? "" : ` 1 sector_size:${sector_size}`;
  return `${encryption} ${volumeKey.toHex()} ${iv_tweak} ${path} ${Number(offset) / 512}${options}`;
}

/** How many bytes of data a device has room for, by the header of the volume. */
export function dataBytes({ metadata }: Header, deviceBytes: number): number {
  return deviceBytes - Number(metadata.segments[0]!.offset);
}

function refuseOthers(name: string, { segments, digests }: Metadata): void {
  const [segment, digest] = [segments[0], digests[0]];
  const supported = Object.keys(segments).length === 1 && segment?.type === "crypt" &&
    segment.size === "dynamic" && segment.encryption === CIPHER && digest?.type === "pbkdf2" &&
    digest.hash === "sha256";
  if (supported) return;
  throw new Error(`Cannot use ${name}: its LUKS2 header asks for what is not supported`);
}

/** What of a slot is not supported. */
function keyslotFault({ type, af, area, kdf, key_size }: Keyslot): string | undefined {
  if (type !== "luks2") return type;
  if (kdf.type !== "pbkdf2" || kdf.hash !== "sha256") return `${kdf.type} ${kdf.hash ?? ""}`.trim();
  if (af.type !== "luks1" || af.hash !== "sha256" || af.stripes !== STRIPES) return "its splitter";
  if (area.encryption !== CIPHER || key_size !== KEY_BYTES) return area.encryption;
  return undefined;
}

async function openSlot(
  device: Device,
  { keyslots, digests }: Metadata,
  slot: string,
  { passphrase }: Key,
): Promise<Uint8Array | undefined> {
  const { area, kdf } = keyslots[slot]!;
  const salt = Uint8Array.fromBase64(kdf.salt);
  const own = await pbkdf2(passphrase, salt, kdf.iterations!, area.key_size, "sha256");
  const bytes = await device.read(Number(area.offset), KEY_BYTES * STRIPES);
  const volumeKey = merge(decryptXts(bytes, own), STRIPES);
  return await isKeyOf(digests[0]!, volumeKey) ? volumeKey : undefined;
}

async function isKeyOf({ salt, iterations, digest }: Digest, key: Uint8Array): Promise<boolean> {
  const want = Uint8Array.fromBase64(digest);
  const got = await pbkdf2(key, Uint8Array.fromBase64(salt), iterations, want.length, "sha256");
  return timingSafeEqual(got, want);
}

/** Writes a key's area and gives the header with its slot; areas of `former` slots are not taken. */
async function withKey(
  device: Device,
  header: Header,
  volumeKey: Uint8Array,
  { slot, passphrase }: Key,
  former: Metadata["keyslots"] = {},
): Promise<Header> {
  if (slot < 0 || slot >= MAX_SLOTS) {
    throw new RangeError(`Cannot use key slot ${slot}: LUKS2 has 0 to ${MAX_SLOTS - 1}`);
  }
  const { keyslots, digests } = header.metadata;
  const used = [...Object.values(former), ...Object.values(keyslots)].map(({ area }) => area);
  const offset = freeArea(used);
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const own = await pbkdf2(passphrase, salt, ITERATIONS, KEY_BYTES, "sha256");
  const area = new Uint8Array(AREA_BYTES);
  area.set(encryptXts(split(volumeKey, STRIPES), own));
  await device.write(offset, area);
  const keyslot: Keyslot = {
    ...{ type: "luks2", key_size: KEY_BYTES },
    af: { type: "luks1", stripes: STRIPES, hash: "sha256" },
    area: {
      ...{ type: "raw", offset: String(offset), size: String(AREA_BYTES) },
      ...{ encryption: CIPHER, key_size: KEY_BYTES },
    },
    kdf: { type: "pbkdf2", hash: "sha256", iterations: ITERATIONS, salt: salt.toBase64() },
  };
  const listed = [...new Set([...digests[0]!.keyslots, String(slot)])];
  const metadata = {
    ...header.metadata,
    keyslots: { ...keyslots, [slot]: keyslot },
    digests: { 0: { ...digests[0]!, keyslots: listed } },
  };
  return { ...header, metadata };
}

function withoutSlots(
  metadata: Metadata,
  gone: readonly string[],
  added: readonly Key[],
): Metadata {
  const isGone = (slot: string) =>
    gone.includes(slot) && !added.some((key) => String(key.slot) === slot);
  const keyslots = Object.fromEntries(
    Object.entries(metadata.keyslots).filter(([slot]) => !isGone(slot)),
  );
  const digest = metadata.digests[0]!;
  const listed = digest.keyslots.filter((slot) => !isGone(slot));
  return { ...metadata, keyslots, digests: { 0: { ...digest, keyslots: listed } } };
}

/** The first place between these areas that has room for another. */
function freeArea(areas: readonly Keyslot["area"][]): number {
  let at = 2 * HEADER_BYTES;
  const sorted = areas.map(({ offset, size }) => [Number(offset), Number(size)] as const)
    .sort(([a], [b]) => a - b);
  for (const [offset, size] of sorted) {
    if (offset - at >= AREA_BYTES) break;
    at = Math.max(at, offset + size);
  }
  if (at + AREA_BYTES > DATA_OFFSET) throw new RangeError("Cannot add a key: no room is left");
  return at;
}

function base64(bytes: Uint8Array): string {
  return Uint8Array.from(bytes).toBase64();
}
