import { luksLabel } from "$lib/luks/mod.ts";
import type { Medium } from "./medium.ts";
import { type Unfinished, unfinishedWork } from "./unfinished.ts";

/**
 * How much of a disk's start, and of its end, is looked at: every partition table, filesystem, RAID and
 * volume manager leaves a mark in one of them.
 */
export const PROBE_BYTES = 4 << 20;

/** What a device holds, as far as its start and its end say. */
export interface Probe {
  /** Nothing was ever written to its start and end. */
  readonly blank: boolean;
  /** Label of the XFS filesystem on it. */
  readonly xfsLabel?: string;
  /** Label of the LUKS2 volume on it. */
  readonly luksLabel?: string;
  /** It was being wiped or formatted: what is on it may go. */
  readonly unfinished?: Unfinished;
}

/** Looks at a device. @throws {Error} when it cannot be read */
export async function probe(
  { sizeBytes, read }: Pick<Medium, "sizeBytes" | "read">,
): Promise<Probe> {
  const length = Math.min(PROBE_BYTES, sizeBytes);
  const head = await read(0, length);
  const tail = await read(sizeBytes - length, length);
  const label = xfsLabel(head);
  // The second header of a former volume may be left further on.
  const luks = label === undefined ? luksLabel(head) : undefined;
  const unfinished = unfinishedWork({ head, tail, sizeBytes });
  return {
    blank: isBlank(head) && isBlank(tail),
    ...(label === undefined ? {} : { xfsLabel: label }),
    ...(luks === undefined ? {} : { luksLabel: luks }),
    ...(unfinished === undefined ? {} : { unfinished }),
  };
}

/** Whether there is nothing at all in these bytes. */
export function isBlank(bytes: Uint8Array): boolean {
  const { buffer, byteOffset, length } = bytes;
  // Word by word: megabytes are looked at while a machine boots.
  const aligned = Math.min(length, (8 - byteOffset % 8) % 8);
  const words = new BigUint64Array(buffer, byteOffset + aligned, (length - aligned) >> 3);
  const rest = aligned + (words.length << 3);
  const isZero = (part: Uint8Array) => part.every((byte) => byte === 0);
  if (!isZero(bytes.subarray(0, aligned)) || !isZero(bytes.subarray(rest))) return false;
  for (let i = 0; i < words.length; i++) if (words[i] !== 0n) return false;
  return true;
}

const XFS = { magic: "XFSB", label: 108, labelBytes: 12 } as const;

/** The label of the XFS filesystem that starts with `bytes`, or undefined when none does. */
export function xfsLabel(bytes: Uint8Array): string | undefined {
  const text = (from: number, length: number) =>
    new TextDecoder("latin1").decode(bytes.subarray(from, from + length));
  if (text(0, XFS.magic.length) !== XFS.magic) return undefined;
  return text(XFS.label, XFS.labelBytes).replace(/\0.*$/s, "");
}
