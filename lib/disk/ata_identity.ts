/** What an ATA disk says of itself: IDENTIFY DEVICE, as the kernel keeps it in the SCSI page 0x89. */

/** The model and serial number of an ATA disk, and its world wide name. */
export interface AtaIdentity {
  readonly model: string;
  readonly serial: string;
  /** 16 hex digits. */
  readonly wwn?: string;
}

/** The 512 bytes begin here in the page. */
const IDENTIFY = 60;
const WORDS = { serial: [10, 20], model: [27, 47], features: 87, wwn: 108 } as const;
/** Bits 15 and 14 are 01 when the word is valid; bit 8 says that there is a name. */
const WWN_MASK = 0xc100;
const WWN_VALID = 0x4100;

/** Reads the page; nothing when it is too short. */
export function ataIdentity(page: Uint8Array): AtaIdentity | undefined {
  const data = page.subarray(IDENTIFY, IDENTIFY + 512);
  if (data.length < 512) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const word = (at: number) => view.getUint16(2 * at, true);
  // Two characters a word, the first in the upper byte.
  const text = ([from, to]: readonly [number, number]) =>
    Array.from(
      { length: to - from },
      (_, at) => String.fromCharCode(word(from + at) >> 8, word(from + at) & 0xff),
    ).join("").trim();
  const named = (word(WORDS.features) & WWN_MASK) === WWN_VALID;
  const wwn = [0, 1, 2, 3].map((at) => word(WORDS.wwn + at).toString(16).padStart(4, "0")).join("");
  return {
    model: text(WORDS.model),
    serial: text(WORDS.serial),
    ...(named ? { wwn } : {}),
  };
}
