/** The machine configuration that outlives a reboot: a file on the STATE volume. */
import { join } from "node:path/posix";
import { MAX_CONFIG_BYTES } from "$lib/config/mod.ts";
import { TEMPORARY, writeFileDurable } from "$ffi/sync.ts";
import { readSome } from "./read_some.ts";

/** Where the STATE volume is mounted. */
export const STATE_DIRECTORY = "/system/state";

/** The saved configuration. Nothing is saved before the volume is there, nor after it has gone. */
export class SavedConfig {
  readonly #directory: string;
  #device: string | undefined;

  constructor(directory: string = STATE_DIRECTORY) {
    this.#directory = directory;
  }

  /** Whether this machine has a place to save it. */
  get available(): boolean {
    return this.#device !== undefined;
  }

  /** Where it is, for people. */
  get place(): string {
    return `"${this.#path}" on ${this.#device}`;
  }

  get #path(): string {
    return join(this.#directory, "config.yaml");
  }

  /**
   * Takes up the volume that was just mounted from `device`: closes it to all but root, and removes what
   * a power cut left on it.
   */
  async open(device: string): Promise<void> {
    await Deno.chmod(this.#directory, 0o700);
    for await (const { name } of Deno.readDir(this.#directory)) {
      if (name.startsWith(TEMPORARY)) await Deno.remove(join(this.#directory, name));
    }
    this.#device = device;
  }

  /** The volume goes. */
  close(): void {
    this.#device = undefined;
  }

  /** What is saved, if anything; of what is larger than allowed, enough to see that. */
  async read(): Promise<Uint8Array | undefined> {
    if (!this.available) return undefined;
    try {
      return await readSome(this.#path, MAX_CONFIG_BYTES + 1);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Saves `text`, on the disk when this is done. @throws {Error} when not; then the former one stays. */
  async save(text: string): Promise<void> {
    if (!this.available) throw new Error("Cannot save the configuration: no volume is mounted");
    const bytes = new TextEncoder().encode(text);
    try {
      // UTF-16 from outside can grow when it becomes UTF-8.
      if (bytes.length > MAX_CONFIG_BYTES) {
        throw new RangeError(
          `${bytes.length} bytes are more than the limit of ${MAX_CONFIG_BYTES}`,
        );
      }
      await writeFileDurable(this.#path, bytes);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const remedy = isFull(cause) ? "; make room on the volume and apply it again" : "";
      throw new Error(
        `Cannot save the configuration in ${this.place}, what was saved before stays: ` +
          `${reason}${remedy}`,
        { cause },
      );
    }
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOSPC";
}
