/** Whether this machine's member has had others beside it, remembered beyond its data. */
import { join } from "node:path/posix";
import { writeFileDurable } from "$ffi/sync.ts";
import { authoritiesOf, linesOf } from "./origin.ts";

/**
 * A mark on the volume of the configuration, which outlives the erasing of the data: a machine of type
 * init that finds it founds no cluster beside the one that it was a part of, however silent that is.
 */
export class Company {
  /** What the mark says, once that is known. */
  #noted: string | undefined;

  /** `available` says whether the volume is there. */
  constructor(readonly directory: string, readonly available: () => boolean) {}

  /** Whether there were others under one of these authorities. */
  async isKnown(ca: string): Promise<boolean> {
    if (!this.available()) return false;
    const known = await linesOf(this.#path);
    return authoritiesOf(ca).some((line) => known.includes(line));
  }

  /** Keeps whether there are others now; writes when that has changed. */
  async note(ca: string, others: boolean): Promise<void> {
    const text = others ? authoritiesOf(ca).map((line) => `${line}\n`).join("") : "";
    if (text === this.#noted || !this.available()) return;
    const before = (await linesOf(this.#path)).map((line) => `${line}\n`).join("");
    if (text !== before) await writeFileDurable(this.#path, text);
    this.#noted = text;
  }

  get #path(): string {
    return join(this.directory, "etcd.company");
  }
}
