/** What a disk has to hold whenever the power goes, looked at without booting it. */
import { join } from "node:path";
import { ESP_FILES } from "$lib/bootloader/mod.ts";
import {
  type Gpt,
  type GptPartition,
  growGpt,
  type MetaReading,
  openMedium,
  type Probe,
  probe,
  readGpt,
  readMeta,
} from "$lib/disk/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { sha256 } from "../../mkimage/hash.ts";
import { type MenuEntry, readEntry, startedEntry } from "./entries.ts";
import type { LogEntry } from "./log.ts";
import { bringUp } from "./next_boot.ts";
import { checkVfat, extract, vfatFile, vfatPaths, xfsFile } from "./volumes.ts";

/** What one partition holds, as far as it matters here. */
export interface Content {
  /** SHA-256 of what a look is about: the program that boots, the saved configuration. */
  readonly hash?: string;
  /** The filesystem that was found to mount, by its UUID, where that is all that matters. */
  readonly mounts?: string;
  readonly faults: readonly string[];
}

/** The partitions that are looked into; the others may hold anything. */
const LOOKS: Readonly<Record<string, (file: string) => Promise<Content>>> = {
  EFI: lookIntoEsp,
  META: lookIntoMeta,
  STATE: lookIntoState,
  EPHEMERAL: lookIntoEphemeral,
};

/** What is known of a disk, by the names of its partitions. */
export type Contents = ReadonlyMap<string, Content>;

/**
 * Looks at the partitions of a disk that `changed` touched, or at all; what is not looked at is taken
 * from `before`.
 */
export async function lookAt(
  disk: string,
  { work, before = new Map(), changed }: {
    /** Where copies of partitions go. */
    readonly work: string;
    readonly before?: Contents;
    readonly changed?: readonly LogEntry[];
  },
): Promise<Contents> {
  const contents = new Map(before);
  const table = await lookAtTable(disk);
  contents.set("GPT", { faults: table.faults });
  for (const partition of table.gpt ? await nextPartitions(disk, table.gpt) : []) {
    const look = LOOKS[partition.name];
    const known = contents.get(partition.name);
    if (!look || (changed && known && !touches(changed, partition))) continue;
    if (known?.mounts !== undefined && known.mounts === await wholeXfs(disk, partition)) continue;
    const file = join(work, partition.name);
    await extract(disk, partition, file);
    contents.set(partition.name, await look(file).catch(fault));
  }
  return contents;
}

/** What is wrong, given what the disk may hold: what it held before, and what it was to hold. */
export function faultsOf(contents: Contents, allowed: readonly Contents[]): string[] {
  return [...contents].flatMap(([name, { hash, faults }]) => {
    const fine = allowed.some((one) => one.get(name)?.hash === hash);
    const odd = fine || faults.length > 0 ? [] : [`${hash ?? "nothing"} is neither old nor new`];
    return [...faults, ...odd].map((text) => `${name}: ${text}`);
  });
}

function touches(changed: readonly LogEntry[], { firstSector, lastSector }: GptPartition): boolean {
  return changed.some(({ offset, length }) =>
    offset < (lastSector + 1) * 512 && offset + length > firstSector * 512
  );
}

function fault(error: unknown): Content {
  return { faults: [messageOf(error)] };
}

/** One good copy is enough: the boot writes the other one anew. */
async function lookAtTable(
  disk: string,
): Promise<{ readonly gpt?: Gpt; readonly faults: readonly string[] }> {
  await using medium = await openMedium(disk);
  try {
    const reading = await readGpt(medium);
    return reading ? { gpt: reading.gpt, faults: [] } : { faults: ["there is no partition table"] };
  } catch (error) {
    return fault(error);
  }
}

/** The partitions at the next boot, which gives EPHEMERAL all that there is, unless it is half made. */
async function nextPartitions(disk: string, gpt: Gpt): Promise<readonly GptPartition[]> {
  const ephemeral = gpt.partitions.find(({ name }) => name === "EPHEMERAL");
  const grown = growGpt(gpt, "EPHEMERAL");
  if (!ephemeral || !grown) return gpt.partitions;
  return (await probePartition(disk, ephemeral)).unfinished ? gpt.partitions : grown.partitions;
}

async function lookIntoEsp(file: string): Promise<Content> {
  const paths = await vfatPaths(file);
  const entries: MenuEntry[] = [];
  for (const path of paths.filter((path) => /^\/loader\/entries\/.*\.conf$/.test(path))) {
    // One that cannot be read was being written: it is none to the boot loader either.
    const bytes = await vfatFile(file, path).catch(() => new Uint8Array());
    const entry = readEntry(path, new TextDecoder().decode(bytes));
    if (entry) entries.push(entry);
  }
  const started = startedEntry(entries, (program) => paths.includes(program));
  if (!started) return { faults: ["there is no release to boot"] };
  const needed = [started.file, started.program, ESP_FILES.bootloader, ESP_FILES.settings];
  const hash = sha256(await vfatFile(file, started.program));
  return { hash, faults: await checkVfat(file, needed) };
}

async function lookIntoMeta(file: string): Promise<Content> {
  await using medium = await openMedium(file);
  return { faults: metaFaults(await readMeta(medium)) };
}

/** One good copy is enough, or one that was never written to. */
export function metaFaults({ fault }: MetaReading): string[] {
  return fault !== undefined && /first copy: .*; second copy: /.test(fault) ? [fault] : [];
}

async function lookIntoState(file: string): Promise<Content> {
  await bringUp(file, "STATE");
  const config = await xfsFile(file, "config.yaml");
  return config === undefined ? { faults: [] } : { hash: sha256(config), faults: [] };
}

/** That it mounts is enough; what changes later on one that does is for the kernel's journal. */
async function lookIntoEphemeral(file: string): Promise<Content> {
  await bringUp(file, "EPHEMERAL");
  await xfsFile(file, "lib");
  await using medium = await openMedium(file);
  return { mounts: uuidOf(await medium.read(0, XFS_UUID.end)), faults: [] };
}

/** Where an XFS superblock has the filesystem's own number. */
const XFS_UUID = { start: 32, end: 48 } as const;

function uuidOf(superblock: Uint8Array<ArrayBuffer>): string {
  return superblock.subarray(XFS_UUID.start, XFS_UUID.end).toHex();
}

/** The filesystem on a partition, by its UUID, if the next boot would mount it. */
async function wholeXfs(disk: string, partition: GptPartition): Promise<string | undefined> {
  const { xfsLabel, unfinished } = await probePartition(disk, partition);
  if (xfsLabel === undefined || unfinished) return undefined;
  await using medium = await openMedium(disk);
  return uuidOf(await medium.read(partition.firstSector * 512, XFS_UUID.end));
}

async function probePartition(
  disk: string,
  { firstSector, lastSector }: GptPartition,
): Promise<Probe> {
  await using medium = await openMedium(disk);
  return await probe({
    sizeBytes: (lastSector - firstSector + 1) * 512,
    read: (offset, length) => medium.read(firstSector * 512 + offset, length),
  });
}
