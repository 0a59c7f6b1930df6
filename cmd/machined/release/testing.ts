/** Slots on a directory, for tests of what is done with releases. */
import { join } from "node:path";
import { carryOut, planInstall, planUpgrade, readEntries, type Slot } from "$lib/bootloader/mod.ts";
import { memoryDisk } from "$lib/disk/testing.ts";
import { MetaStore } from "./meta.ts";
import { Slots } from "./slots.ts";

/** A disk with v1 in slot A, and v2 in slot B where it was upgraded. */
export class TestDisk implements AsyncDisposable {
  readonly logged: string[] = [];
  readonly meta: MetaStore;
  readonly #medium = memoryDisk(1 << 20);

  private constructor(readonly directory: string) {
    this.meta = new MetaStore({
      open: () => Promise.resolve({ ...this.#medium, [Symbol.asyncDispose]: async () => {} }),
      log: (line) => void this.logged.push(line),
    });
  }

  static async make({ upgraded = false } = {}): Promise<TestDisk> {
    const disk = new TestDisk(await Deno.makeTempDir({ prefix: "slots-" }));
    await Deno.writeTextFile(disk.#program, "program");
    await carryOut(disk.esp, planInstall({ version: "v1", options: ["a=1"] }), disk.#program);
    if (upgraded) await disk.upgrade("v2");
    return disk;
  }

  get esp(): string {
    return join(this.directory, "esp");
  }

  /** Writes a release beside slot A, as the installer does. */
  async upgrade(version: string): Promise<void> {
    const steps = planUpgrade(await readEntries(this.esp), "a", { version, options: [] });
    await carryOut(this.esp, steps, this.#program);
  }

  /** What the boot loader does before it starts the release in slot B: it counts. */
  async count(): Promise<void> {
    const entries = join(this.esp, "loader/entries");
    await Deno.rename(join(entries, "slot-b+1.conf"), join(entries, "slot-b+0-1.conf"));
  }

  /** The disk as a machine sees it that has booted this slot. */
  booted(running: Slot): Slots {
    return new Slots({
      ...{ disk: "/dev/vda", running, meta: this.meta },
      withEsp: (work) => work(this.esp),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }

  get #program(): string {
    return join(this.directory, "boot.efi");
  }
}
