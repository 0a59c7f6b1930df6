/** A machine configuration on a volume labelled `metal-iso`: a CD-ROM, or a stick with an ISO or FAT. */
import { VOLUME_HEAD_BYTES, type VolumeLabel, volumeLabel } from "$lib/codec/mod.ts";
import type { Clock } from "$lib/service/mod.ts";
import type { KernelModules } from "../tasks/modules.ts";
import { readConfigBytes } from "./source.ts";

/** The label that is looked for; FAT knows capitals only. */
const LABEL = "metal-iso";
/** The file in its root. */
const FILE = "config.yaml";
/** What it takes to see such a volume and to read it. */
const MODULES = ["sr_mod", "isofs", "vfat", "nls_cp437", "nls_iso8859_1", "nls_ascii"];
/** How long a volume may take to appear, and between two looks, milliseconds. */
const SEARCH_LIMIT_MS = 60_000;
const SEARCH_STEP_MS = 1_000;

/** The volumes of this machine. */
export interface Volumes {
  /** Paths of all block devices that could be one. */
  list(): Promise<string[]>;
  /** The first bytes of a device. */
  head(device: string, bytes: number): Promise<Uint8Array>;
  /** A file in the root of the filesystem on a device. */
  open(device: string, type: string, file: string): Promise<ReadableStream<Uint8Array>>;
}

/** What reading a volume needs of its surroundings. */
export interface VolumeDeps {
  readonly modules: Pick<KernelModules, "load" | "loadDrivers">;
  readonly volumes: Volumes;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

/**
 * The configuration on the volume labelled `metal-iso`; one that is plugged in late is waited for.
 *
 * @throws {Error} when there is no such volume, or nothing to read on it
 */
export async function readConfigVolume(
  deps: VolumeDeps,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { modules, volumes, clock, log } = deps;
  await modules.load(MODULES, signal);
  const deadline = clock.monotonic() + SEARCH_LIMIT_MS;
  for (;;) {
    // Devices behind a bus that is still being searched have no driver before they are found.
    await modules.loadDrivers(signal);
    const found = await findVolume(volumes);
    if (found) {
      log(`configuration on ${found.device}, a volume of type ${found.type}`);
      return await readFrom(found, volumes);
    }
    if (clock.monotonic() + SEARCH_STEP_MS > deadline) {
      throw new Error(
        `Cannot read the configuration: no volume is labelled "${LABEL}" ` +
          `(ISO 9660 and FAT were looked for ${SEARCH_LIMIT_MS / 1000} s)`,
      );
    }
    await clock.sleep(SEARCH_STEP_MS, signal);
    signal.throwIfAborted();
  }
}

interface Found extends VolumeLabel {
  readonly device: string;
}

async function findVolume(volumes: Volumes): Promise<Found | undefined> {
  for (const device of await volumes.list()) {
    // A drive without a medium, or one that is gone again, is not the one.
    const head = await volumes.head(device, VOLUME_HEAD_BYTES).catch(() => new Uint8Array());
    const volume = volumeLabel(head);
    if (volume?.label.toLowerCase() === LABEL) return { ...volume, device };
  }
  return undefined;
}

async function readFrom({ device, type }: Found, volumes: Volumes): Promise<Uint8Array> {
  try {
    return await readConfigBytes(await volumes.open(device, type, FILE));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot read "${FILE}" on ${device}: ${reason}`, { cause });
  }
}
