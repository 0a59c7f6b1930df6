/** The META partition: values under numbers, each a JSON text. */
import { type Medium, type MetaValues, readMeta, writeMeta } from "$lib/disk/mod.ts";

/** The numbers of what is remembered; a number is never used for anything else. */
export const META = { upgrade: 1, staged: 2, stateEncryption: 9 } as const;
export type MetaName = keyof typeof META;

/** Reads and writes the values of one partition, one after the other. */
export class MetaStore {
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly deps: {
      readonly open: () => Promise<Medium & AsyncDisposable>;
      readonly log: (line: string) => void;
    },
  ) {}

  /** The value, or undefined when there is none that can be read. */
  read(name: MetaName): Promise<unknown> {
    return this.#inTurn(async (medium) => {
      const bytes = (await this.#values(medium)).get(META[name]);
      if (!bytes) return undefined;
      try {
        return JSON.parse(new TextDecoder().decode(bytes));
      } catch {
        this.deps.log(`META: the value "${name}" cannot be read, it is left out`);
        return undefined;
      }
    });
  }

  /** Remembers the value, durable when this is done; undefined forgets it. */
  write(name: MetaName, value: unknown): Promise<void> {
    return this.#inTurn(async (medium) => {
      const values = new Map(await this.#values(medium));
      if (value === undefined) values.delete(META[name]);
      else values.set(META[name], new TextEncoder().encode(JSON.stringify(value)));
      await writeMeta(medium, values);
    });
  }

  async #values(medium: Medium): Promise<MetaValues> {
    const { values, fault } = await readMeta(medium);
    if (fault !== undefined) this.deps.log(fault);
    return values;
  }

  #inTurn<T>(work: (medium: Medium) => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      await using medium = await this.deps.open();
      return await work(medium);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}
