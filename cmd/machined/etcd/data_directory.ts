import { join } from "node:path/posix";

/** What a member keeps on disk. */
export class DataDirectory {
  constructor(readonly path: string, readonly uid?: number) {}

  /** Makes the directory when there is none; only its owner may look into it. */
  async make(): Promise<void> {
    await Deno.mkdir(this.path, { recursive: true });
    await Deno.chmod(this.path, 0o700);
    if (this.uid !== undefined) await Deno.chown(this.path, this.uid, this.uid);
  }

  /** Whether a member has started here: its log of changes has begun. */
  async holdsMember(): Promise<boolean> {
    return (await namesIn(join(this.path, "member", "wal"))).length > 0;
  }

  /** Removes all that is in the directory. */
  async wipe(): Promise<void> {
    for (const name of await namesIn(this.path)) {
      await Deno.remove(join(this.path, name), { recursive: true });
    }
  }
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
