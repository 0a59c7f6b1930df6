/** The descriptors of a CD that firmware boots from (ECMA-119, El Torito, UEFI specification 13.3.2). */

/** A block of a CD. */
export const BLOCK_BYTES = 2048;
/** What stands before the descriptors is for others, e.g. a partition table. */
export const SYSTEM_BLOCKS = 16;

/** What a CD says about itself. */
export interface CdOptions {
  /** At most 32 of A to Z, digits and underscores. */
  readonly label: string;
  /** Blocks of the whole CD. */
  readonly blocks: number;
  /** The block where the EFI system partition starts. */
  readonly bootBlock: number;
  /** When it was made, seconds since 1970. */
  readonly epochSeconds: number;
}

/** Where the parts lie, in blocks. */
const AT = { primary: 16, boot: 17, end: 18, catalog: 19, pathsLittle: 20, pathsBig: 21, root: 22 };
/** Blocks up to the end of the root directory. */
const DESCRIPTOR_BLOCKS = AT.root + 1;
/** Bytes of the one entry of a path table, and of an entry of a directory without a name. */
const [PATH_BYTES, ENTRY_BYTES] = [10, 34];
const EFI = 0xef;
const BOOTABLE = 0x88;

/**
 * The bytes from the first descriptor on: an empty file system, and the entry by which firmware finds
 * the EFI system partition that lies behind it.
 *
 * @throws {RangeError} when the label is none
 */
export function cdDescriptors(options: CdOptions): Uint8Array<ArrayBuffer> {
  const { label, bootBlock } = options;
  if (!/^[A-Z0-9_]{1,32}$/.test(label)) {
    throw new RangeError(`Cannot make a CD: "${label}" is no label of A to Z, digits and _`);
  }
  const bytes = new Uint8Array((DESCRIPTOR_BLOCKS - SYSTEM_BLOCKS) * BLOCK_BYTES);
  const put = (block: number, content: Uint8Array) =>
    bytes.set(content, (block - SYSTEM_BLOCKS) * BLOCK_BYTES);
  put(AT.primary, primary(options));
  put(AT.boot, bootRecord());
  put(AT.end, descriptor(255));
  put(AT.catalog, bootCatalog(bootBlock));
  put(AT.pathsLittle, pathTable(true));
  put(AT.pathsBig, pathTable(false));
  const root = new Uint8Array(2 * ENTRY_BYTES);
  root.set(rootEntry(options, 0));
  root.set(rootEntry(options, 1), ENTRY_BYTES);
  put(AT.root, root);
  return bytes;
}

function descriptor(type: number): Uint8Array {
  const bytes = new Uint8Array(BLOCK_BYTES);
  bytes[0] = type;
  bytes.set(ascii("CD001"), 1);
  bytes[6] = 1;
  return bytes;
}

function primary(options: CdOptions): Uint8Array {
  const bytes = descriptor(1);
  const view = new DataView(bytes.buffer);
  bytes.fill(0x20, 8, 72);
  bytes.set(ascii(options.label), 40);
  both32(view, 80, options.blocks);
  both16(view, 120, 1);
  both16(view, 124, 1);
  both16(view, 128, BLOCK_BYTES);
  both32(view, 132, PATH_BYTES);
  view.setUint32(140, AT.pathsLittle, true);
  view.setUint32(148, AT.pathsBig);
  bytes.set(rootEntry(options, 0), 156);
  // Names of the set, the publisher and so on: none.
  bytes.fill(0x20, 190, 813);
  const made = new Date(options.epochSeconds * 1000).toISOString().replace(/\D/g, "").slice(0, 16);
  for (const at of [813, 830]) bytes.set(ascii(made), at);
  // It does not expire, and is good from the start.
  for (const at of [847, 864]) bytes.set(ascii("0".repeat(16)), at);
  bytes[881] = 1;
  return bytes;
}

function bootRecord(): Uint8Array {
  const bytes = descriptor(0);
  bytes.set(ascii("EL TORITO SPECIFICATION"), 7);
  new DataView(bytes.buffer).setUint32(71, AT.catalog, true);
  return bytes;
}

function bootCatalog(bootBlock: number): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 1);
  view.setUint8(1, EFI);
  view.setUint16(30, 0xaa55, true);
  let sum = 0;
  for (let at = 0; at < 32; at += 2) sum += view.getUint16(at, true);
  view.setUint16(28, -sum, true);
  view.setUint8(32, BOOTABLE);
  // The length is left 0, which means up to the end of the CD: the field has no room for so much.
  view.setUint32(40, bootBlock, true);
  return bytes;
}

function pathTable(little: boolean): Uint8Array {
  const bytes = new Uint8Array(PATH_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 1);
  view.setUint32(2, AT.root, little);
  view.setUint16(6, 1, little);
  return bytes;
}

/** The root directory as an entry: 0 stands for itself, 1 for the one above, which it is too. */
function rootEntry({ epochSeconds }: CdOptions, name: 0 | 1): Uint8Array {
  const bytes = new Uint8Array(ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, ENTRY_BYTES);
  both32(view, 2, AT.root);
  both32(view, 10, BLOCK_BYTES);
  const date = new Date(epochSeconds * 1000);
  bytes.set([date.getUTCFullYear() - 1900, date.getUTCMonth() + 1, date.getUTCDate()], 18);
  bytes.set([date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()], 21);
  view.setUint8(25, 2);
  both16(view, 28, 1);
  view.setUint8(32, 1);
  view.setUint8(33, name);
  return bytes;
}

/** Numbers stand there twice, in both orders of bytes. */
function both32(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true);
  view.setUint32(at + 4, value);
}

function both16(view: DataView, at: number, value: number): void {
  view.setUint16(at, value, true);
  view.setUint16(at + 2, value);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
