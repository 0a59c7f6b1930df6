/** The mounted EFI system partition: its entries, and the steps of a plan carried out on it. */
import { copyFile, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path/posix";
import { ESP_FILES, type SlotEntry } from "./entry.ts";
import type { BootStep } from "./plan.ts";
import { readEntry } from "./read_entry.ts";

/** The entries on the partition that is mounted at `root`; what is none of ours is left out. */
export async function readEntries(root: string): Promise<SlotEntry[]> {
  const directory = join(root, ESP_FILES.entries);
  const entries: SlotEntry[] = [];
  for (const name of (await readdir(directory)).sort()) {
    const entry = readEntry(name, await readFile(join(directory, name), "utf8"));
    if (entry) entries.push(entry);
  }
  return entries;
}

/**
 * Carries out a plan on the partition that is mounted at `root`.
 *
 * @param program the release's program, for plans that copy one
 */
export async function carryOut(
  root: string,
  steps: readonly BootStep[],
  program?: string,
): Promise<void> {
  for (const step of steps) await carryOutStep(root, step, program);
}

async function carryOutStep(root: string, step: BootStep, program?: string): Promise<void> {
  switch (step.kind) {
    case "program": {
      if (program === undefined) throw new TypeError("Cannot copy the program: none was given");
      return await copyDurable(program, join(root, step.temporary));
    }
    case "write":
      return await writeDurable(join(root, step.path), step.text);
    case "publish":
      return await renameDurable(join(root, step.temporary), join(root, step.path));
    case "rename":
      return await renameDurable(join(root, step.from), join(root, step.to));
    case "remove":
      await rm(join(root, step.path), { force: true });
      return await syncDirectory(dirname(join(root, step.path)));
  }
}

/** Replaces the file at `path`; after a crash it holds the old text or the new one. */
async function writeDurable(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await mkdir(dirname(path), { recursive: true });
  await using file = await open(temporary, "w");
  await file.writeFile(text);
  await file.sync();
  await renameDurable(temporary, path);
}

/** Copies; what a copy that failed left behind is removed, since the partition may be full. */
async function copyDurable(from: string, to: string): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, to);
    await using file = await open(to, "r+");
    await file.sync();
  } catch (cause) {
    await rm(to, { force: true }).catch(() => {});
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot write the release to the EFI system partition: ${reason}`, { cause });
  }
}

async function renameDurable(from: string, to: string): Promise<void> {
  await rename(from, to);
  // FAT has a file's size and place in its name's entry, which Linux makes empty and fills in later.
  await using file = await open(to, "r+");
  await file.sync();
  await syncDirectory(dirname(to));
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, "r");
  await directory.sync();
}
