/** A disk brought from one state after a power cut to the next. */
import type { Medium } from "$lib/disk/mod.ts";
import type { Cut, Epoch, Kept } from "./cuts.ts";
import type { LogEntry } from "./log.ts";

/** Bytes are copied in pieces of this. */
const PIECE_BYTES = 4 << 20;

/** The disk of a log, which starts as it was when the log began. */
export class Replay {
  #epochs = 0;
  constructor(
    readonly disk: Medium,
    readonly log: Pick<Medium, "read">,
    readonly epochs: readonly Epoch[],
  ) {}

  /**
   * Makes the disk what it is after a cut and lets `look` see it; then it is that of the last flush
   * again. Cuts have to come in the order of their epochs.
   */
  async at<T>(cut: Cut, look: (changed: readonly LogEntry[]) => Promise<T>): Promise<T> {
    if (cut.epochs < this.#epochs) throw new RangeError("Cannot go back to an earlier power cut");
    const passed = this.epochs.slice(this.#epochs, cut.epochs).flatMap(({ writes }) => writes);
    for (const entry of passed) await this.#put({ entry, length: entry.length });
    this.#epochs = cut.epochs;
    const before: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
    for (const { entry: { offset }, length } of cut.kept) {
      before.push({ offset, bytes: await this.disk.read(offset, length) });
    }
    for (const kept of cut.kept) await this.#put(kept);
    try {
      return await look([...passed, ...cut.kept.map(({ entry }) => entry)]);
    } finally {
      for (const { offset, bytes } of before) await this.disk.write(offset, bytes);
    }
  }

  async #put({ entry: { kind, offset, dataAt }, length }: Kept): Promise<void> {
    for (let at = 0; at < length; at += PIECE_BYTES) {
      const bytes = Math.min(PIECE_BYTES, length - at);
      // What was discarded reads as zeros, as on the disks of QEMU.
      const content = kind === "discard"
        ? new Uint8Array(bytes)
        : await this.log.read(dataAt + at, bytes);
      await this.disk.write(offset + at, content);
    }
  }
}
