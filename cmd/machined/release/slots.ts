/** The releases on this machine's disk: which one runs, and which is booted next. */
import {
  carryOut,
  entryOf,
  otherSlot,
  planBless,
  planRollback,
  readEntries,
  type Slot,
  type SlotEntry,
} from "$lib/bootloader/mod.ts";
import type { MetaStore } from "./meta.ts";
import {
  readRecord,
  readStaged,
  type StagedUpgrade,
  type Standing,
  standing,
  type UpgradeRecord,
} from "./record.ts";

/** What the slots of a disk need of the machine. */
export interface SlotsDeps {
  /** Path of the disk. */
  readonly disk: string;
  readonly running: Slot;
  readonly meta: Pick<MetaStore, "read" | "write">;
  /** Mounts the EFI system partition while `work` goes on at the directory that it is given. */
  readonly withEsp: <T>(work: (root: string) => Promise<T>) => Promise<T>;
}

/** The two slots of a disk. */
export class Slots {
  constructor(readonly deps: SlotsDeps) {}

  get disk(): string {
    return this.deps.disk;
  }

  /** The slot that runs. */
  get running(): Slot {
    return this.deps.running;
  }

  /** The releases on the disk. */
  entries(): Promise<SlotEntry[]> {
    return this.deps.withEsp(readEntries);
  }

  /** The entry of the release that runs. */
  async runningEntry(): Promise<SlotEntry | undefined> {
    return entryOf(await this.entries(), this.running);
  }

  /** What this boot is; a release that failed is written down as failed. */
  async standing(): Promise<Standing> {
    const record = await this.record();
    const found = standing(record, await this.entries(), this.running);
    if (record && found.kind === "fellBack") {
      await this.remember({ ...record, state: "failed", cause: found.cause });
    }
    return found;
  }

  /** Makes the release that runs permanent. */
  async bless(): Promise<void> {
    await this.deps.withEsp(async (root) => {
      await carryOut(root, planBless(await readEntries(root), this.running));
    });
    const record = await this.record();
    if (record?.slot === this.running) await this.remember({ ...record, state: "done" });
  }

  /**
   * Makes the other release the one that is booted next, and gives its version.
   *
   * @throws {SlotError} when there is none that would come up
   */
  async rollback(): Promise<string> {
    const version = await this.deps.withEsp(async (root) => {
      const entries = await readEntries(root);
      await carryOut(root, planRollback(entries, this.running));
      return entryOf(entries, otherSlot(this.running))?.version ?? "";
    });
    const record = await this.record();
    // Asked for: at the next boot nothing has failed.
    if (record?.state === "trying") await this.remember({ ...record, state: "done" });
    return version;
  }

  /** The last upgrade, if there was one. */
  async record(): Promise<UpgradeRecord | undefined> {
    return readRecord(await this.deps.meta.read("upgrade"));
  }

  /** Remembers what became of an upgrade. */
  async remember(record: UpgradeRecord): Promise<void> {
    await this.deps.meta.write("upgrade", record);
  }

  /** Writes down why the release on trial is given up; it stays as what was said first. */
  async giveUp(cause: string): Promise<void> {
    const record = await this.record();
    if (record?.state !== "trying" || record.cause !== undefined) return;
    await this.remember({ ...record, cause });
  }

  /** Remembers an upgrade for the next boot. */
  async stage(upgrade: StagedUpgrade): Promise<void> {
    await this.deps.meta.write("staged", upgrade);
  }

  /** The upgrade that this boot is to do, forgotten by this: it is tried once. */
  async takeStaged(): Promise<StagedUpgrade | undefined> {
    const staged = readStaged(await this.deps.meta.read("staged"));
    if (staged) await this.deps.meta.write("staged", undefined);
    return staged;
  }
}
