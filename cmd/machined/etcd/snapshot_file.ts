/** The snapshot that a cluster is to be founded from. */
export class SnapshotFile {
  #draft = 0;

  /** `uid` is who reads it; who owns this process unless told. */
  constructor(readonly path: string, readonly uid?: number) {}

  /**
   * Keeps what comes; only a whole one takes the place of what was there.
   *
   * @throws {RangeError} when nothing comes
   */
  async write(parts: AsyncIterable<Uint8Array>): Promise<void> {
    const draft = `${this.path}.${++this.#draft}.part`;
    try {
      {
        using file = await Deno.open(draft, {
          write: true,
          create: true,
          truncate: true,
          mode: 0o600,
        });
        for await (const part of parts) {
          for (let done = 0; done < part.length;) done += await file.write(part.subarray(done));
        }
        if ((await file.stat()).size === 0) {
          throw new RangeError("Cannot keep the snapshot: it is empty");
        }
        await file.sync();
      }
      if (this.uid !== undefined) await Deno.chown(draft, this.uid, this.uid);
      await Deno.rename(draft, this.path);
    } catch (error) {
      await Deno.remove(draft).catch(() => {});
      throw error;
    }
  }

  /** Whether there is one. */
  async exists(): Promise<boolean> {
    return await Deno.stat(this.path).then(() => true, (error) => {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    });
  }

  /** Removes it: a cluster is founded from it once. */
  async remove(): Promise<void> {
    await Deno.remove(this.path);
  }
}
