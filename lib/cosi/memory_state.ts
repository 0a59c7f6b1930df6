import { type Kind, kindKey } from "./kind.ts";
import type { Resource } from "./resource.ts";
import type { ResourceEvent, State, WatchOptions, WriteOptions } from "./state.ts";
import { Collection } from "./_collection.ts";

/** How many changes of a kind are kept for watchers that are behind. */
export const WATCH_HISTORY = 1000;

/** The state of a node: in memory, rebuilt at every boot. */
export class MemoryState implements State {
  readonly #collections = new Map<string, Collection>();
  readonly #history: number;
  readonly #now: () => number;

  /** `history` is the number of changes that each kind keeps; `now` the wall time in milliseconds. */
  constructor(options: { history?: number; now?: () => number } = {}) {
    this.#history = options.history ?? WATCH_HISTORY;
    this.#now = options.now ?? Date.now;
  }

  async resource<Spec>(kind: Kind<Spec>, id: string): Promise<Resource<Spec> | undefined> {
    return this.#of(kind).find(id) as Resource<Spec> | undefined;
  }

  async list<Spec>(kind: Kind<Spec>): Promise<Resource<Spec>[]> {
    return [...this.#of(kind).list()] as Resource<Spec>[];
  }

  watch<Spec>(
    kind: Kind<Spec>,
    options: WatchOptions = {},
  ): AsyncGenerator<ResourceEvent<Spec>, void> {
    return this.#of(kind).watch(options) as AsyncGenerator<ResourceEvent<Spec>, void>;
  }

  async create<Spec>(
    kind: Kind<Spec>,
    id: string,
    spec: Spec,
    options: WriteOptions = {},
  ): Promise<Resource<Spec>> {
    return this.#of(kind).create(id, spec, options) as Resource<Spec>;
  }

  async update<Spec>(
    kind: Kind<Spec>,
    id: string,
    spec: Spec,
    options: WriteOptions & { readonly version?: number } = {},
  ): Promise<Resource<Spec>> {
    return this.#of(kind).update(id, spec, options) as Resource<Spec>;
  }

  async teardown(kind: Kind, id: string, options: WriteOptions = {}): Promise<boolean> {
    return this.#of(kind).teardown(id, options);
  }

  async destroy(kind: Kind, id: string, options: WriteOptions = {}): Promise<void> {
    this.#of(kind).destroy(id, options);
  }

  async addFinalizer(kind: Kind, id: string, finalizer: string): Promise<void> {
    this.#of(kind).addFinalizer(id, finalizer);
  }

  async removeFinalizer(kind: Kind, id: string, finalizer: string): Promise<void> {
    this.#of(kind).removeFinalizer(id, finalizer);
  }

  #of(kind: Kind): Collection {
    const key = kindKey(kind);
    let collection = this.#collections.get(key);
    if (!collection) {
      const { namespace, type } = kind;
      collection = new Collection({ namespace, type }, this.#history, this.#now);
      this.#collections.set(key, collection);
    }
    return collection;
  }
}
