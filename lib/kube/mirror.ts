import { type Clock, systemClock } from "$lib/clock/mod.ts";
import { Backoff } from "$lib/cosi/mod.ts";
import type { KubeClient } from "./client.ts";
import type { KubeObject } from "./objects.ts";
import type { ResourceType } from "./paths.ts";

/** Settings of a mirror. */
export interface MirrorOptions<T extends KubeObject = KubeObject> {
  readonly kube: Pick<KubeClient, "list" | "watch">;
  readonly type: ResourceType;
  /** What is remembered of an object; all of it unless told. */
  readonly keep?: (object: KubeObject) => T;
  /** Called after each change. */
  readonly changed: () => void;
  /** Told why the API server could not be followed, once for each failure. */
  readonly log: (line: string) => void;
  readonly clock?: Clock;
}

/**
 * The objects of a type as the API server last showed them: listed once, then watched, and listed
 * anew whenever the watch is lost. While the API server is away it holds what was known before.
 */
export class Mirror<T extends KubeObject = KubeObject> {
  readonly #objects = new Map<string, T>();
  #synced = false;

  constructor(readonly options: MirrorOptions<T>) {}

  /** Whether a list has come at all. */
  get synced(): boolean {
    return this.#synced;
  }

  /** The objects, by namespace and name. */
  get objects(): readonly T[] {
    return [...this.#objects.keys()].sort().map((key) => this.#objects.get(key) as T);
  }

  /** Takes an answer of the API server's to a change of our own, which the watch shows only later. */
  put(object: KubeObject): void {
    const { keep } = this.options;
    this.#objects.set(keyOf(object), keep ? keep(object) : object as T);
  }

  /** Follows the API server until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, clock = systemClock } = this.options;
    const backoff = new Backoff({ maximumMs: 10_000 });
    while (!signal.aborted) {
      try {
        await this.#follow(signal, () => backoff.reset());
      } catch (error) {
        if (signal.aborted) return;
        log(error instanceof Error ? error.message : String(error));
        await clock.sleep(backoff.next(), signal);
      }
    }
  }

  async #follow(signal: AbortSignal, alive: () => void): Promise<void> {
    const { kube, type, changed } = this.options;
    let resourceVersion = await this.#list(signal);
    this.#synced = true;
    alive();
    changed();
    while (!signal.aborted) {
      for await (const { type: kind, object } of kube.watch(type, { signal, resourceVersion })) {
        resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
        if (kind === "DELETED") this.#objects.delete(keyOf(object));
        else this.put(object);
        alive();
        changed();
      }
    }
  }

  /** Takes what is there in place of what was known; gives the version from which to watch. */
  async #list(signal: AbortSignal): Promise<string> {
    const { kube, type } = this.options;
    const gone = new Set(this.#objects.keys());
    let rest = "";
    for (;;) {
      const page = { limit: PAGE, ...(rest === "" ? {} : { continue: rest }) };
      const { items, metadata } = await kube.list(type, page, { signal });
      for (const item of items as readonly KubeObject[]) {
        this.put(item);
        gone.delete(keyOf(item));
      }
      rest = metadata.continue ?? "";
      if (rest !== "") continue;
      for (const key of gone) this.#objects.delete(key);
      return metadata.resourceVersion;
    }
  }
}

/** How many objects a page of a list has: an answer has a bound. */
const PAGE = "250";

function keyOf({ metadata: { namespace = "", name } }: KubeObject): string {
  return `${namespace}/${name}`;
}
