import type { DeviceFacts } from "$lib/disk/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { putLinks, wantedLinks } from "./link_tree.ts";

/** What the links are kept with. */
export interface DeviceLinksDeps {
  readonly dev: string;
  readonly facts: () => Promise<readonly DeviceFacts[]>;
  readonly log: (line: string) => void;
}

/** Events come in dozens; a disk is looked at once for all of them. */
const COALESCE_MS = 100;

/** Keeps the links of disks; knows whether all that happened so far is in them. */
export class DeviceLinks {
  #seen = 0;
  #done = 0;
  #running: Promise<void> | undefined;

  constructor(readonly deps: DeviceLinksDeps) {}

  /** Something happened to a disk: looks at all of them soon. */
  wake(): void {
    this.#seen++;
    this.#running ??= this.#run().finally(() => this.#running = undefined);
  }

  /** Whether the links are as the last event left the disks. */
  get isSettled(): boolean {
    return this.#done > 0 && this.#done === this.#seen;
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** What happens while it looks has it look again. */
  async #run(): Promise<void> {
    while (this.#done < this.#seen) {
      await new Promise((resume) => setTimeout(resume, COALESCE_MS));
      const seen = this.#seen;
      try {
        await putLinks(this.deps.dev, wantedLinks(await this.deps.facts()));
      } catch (error) {
        this.deps.log(`Cannot keep links of disks: ${messageOf(error)}`);
      }
      this.#done = seen;
    }
  }
}
