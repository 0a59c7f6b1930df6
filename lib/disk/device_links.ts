/** The links below /dev/disk that a disk or partition has, as udev's rules for storage have them. */
import type { FilesystemId } from "./filesystem_id.ts";

/** What a link may be made from; of a partition, what its disk says counts too. */
export interface DeviceFacts {
  /** Its name under /dev. */
  readonly name: string;
  /** The number of a partition; absent for a whole disk. */
  readonly partition?: number;
  /** Names by what the disk's maker put into it, without `-part1`: `virtio-STATE`, `wwn-0x5000…`. */
  readonly ids: readonly string[];
  /** Names by where the disk is plugged in: `pci-0000:00:1f.2-ata-1.0`. */
  readonly paths: readonly string[];
  /** Which disk since the machine was started it is. */
  readonly sequence?: string;
  readonly filesystem?: FilesystemId;
  /** What the partition table calls the partition. */
  readonly partitionId?: string;
  readonly partitionName?: string;
}

/** Links relative to /dev. */
export function deviceLinks(facts: DeviceFacts): string[] {
  const part = facts.partition === undefined ? "" : `-part${facts.partition}`;
  const { filesystem = undefined, partitionId, partitionName, sequence } = facts;
  return [
    ...facts.ids.map((id) => `by-id/${id}${part}`),
    ...facts.paths.map((path) => `by-path/${path}${part}`),
    ...link("by-uuid", filesystem?.uuid),
    ...link("by-label", filesystem?.label),
    ...link("by-partuuid", partitionId),
    ...link("by-partlabel", partitionName),
    ...(facts.partition === undefined ? link("by-diskseq", sequence) : []),
  ].map((name) => `disk/${name}`);
}

function link(directory: string, name: string | undefined): string[] {
  return name ? [`${directory}/${encodeName(name)}`] : [];
}

const PLAIN = /[A-Za-z0-9#+\-.:=@_]/;

/** A name in which no character can mean anything in a path: others stand as `\x20`. */
export function encodeName(name: string): string {
  return Array.from(name, (char) => {
    const code = char.charCodeAt(0);
    return PLAIN.test(char) || code > 0x7f ? char : `\\x${code.toString(16).padStart(2, "0")}`;
  }).join("");
}

/** What a disk's maker wrote, fit for a name: blanks become one `_`, other characters each one. */
export function idName(text: string): string {
  return text.trim().replace(/\s+/g, "_").replace(/[^A-Za-z0-9#+\-.:=@_]/g, "_");
}
