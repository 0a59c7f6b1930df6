import { describeResource, type Kind } from "./kind.ts";
import { type Metadata, type Resource, tombstone } from "./resource.ts";
import type { ResourceEvent, WatchOptions, WriteOptions } from "./state.ts";
import { frozenCopy, sameValue } from "./spec_value.ts";
import { StateError } from "./state_error.ts";
import { History } from "./_history.ts";

/** The resources of one kind; each method is one synchronous step. */
export class Collection {
  readonly #resources = new Map<string, Resource>();
  readonly #history: History;
  #sorted: readonly Resource[] | undefined;

  constructor(readonly kind: Kind, capacity: number, readonly now: () => number) {
    this.#history = new History(capacity);
  }

  find(id: string): Resource | undefined {
    return this.#resources.get(id);
  }

  list(): readonly Resource[] {
    return this.#sorted ??= [...this.#resources.values()].sort((a, b) =>
      a.metadata.id < b.metadata.id ? -1 : 1
    );
  }

  create(id: string, spec: unknown, { owner = "" }: WriteOptions): Resource {
    if (id === "") throw new StateError("invalid", `Cannot create ${this.#name(id)}: empty id`);
    if (this.#resources.has(id)) {
      throw new StateError("conflict", `Cannot create ${this.#name(id)}: it exists`);
    }
    const nowMs = this.now();
    const { namespace, type } = this.kind;
    return this.#store("created", {
      metadata: {
        namespace,
        type,
        id,
        version: 1,
        owner,
        phase: "running",
        finalizers: [],
        createdMs: nowMs,
        updatedMs: nowMs,
      },
      spec: frozenCopy(spec),
    });
  }

  update(id: string, spec: unknown, options: WriteOptions & { version?: number }): Resource {
    const current = this.#owned("update", id, options);
    const { version, phase } = current.metadata;
    if (options.version !== undefined && options.version !== version) {
      throw new StateError(
        "conflict",
        `Cannot update ${this.#name(id)}: version ${options.version} was replaced by ${version}`,
      );
    }
    if (phase !== "running") {
      throw new StateError("phase", `Cannot update ${this.#name(id)}: it is being torn down`);
    }
    return sameValue(spec, current.spec) ? current : this.#change(current, {}, frozenCopy(spec));
  }

  teardown(id: string, options: WriteOptions): boolean {
    const current = this.#owned("tear down", id, options);
    const { phase, finalizers } = current.metadata;
    if (phase === "running") this.#change(current, { phase: "tearingDown" });
    return finalizers.length === 0;
  }

  destroy(id: string, options: WriteOptions): void {
    const current = this.#owned("destroy", id, options);
    const { finalizers } = current.metadata;
    if (finalizers.length > 0) {
      throw new StateError(
        "conflict",
        `Cannot destroy ${this.#name(id)}: held by ${finalizers.join(", ")}`,
      );
    }
    this.#resources.delete(id);
    this.#sorted = undefined;
    this.#history.add({ type: "destroyed", resource: current });
  }

  addFinalizer(id: string, finalizer: string): void {
    const current = this.#get("hold", id);
    const { phase, finalizers } = current.metadata;
    if (finalizers.includes(finalizer)) return;
    if (phase !== "running") {
      throw new StateError("phase", `Cannot hold ${this.#name(id)}: it is being torn down`);
    }
    this.#change(current, { finalizers: [...finalizers, finalizer] });
  }

  removeFinalizer(id: string, finalizer: string): void {
    const current = this.#get("release", id);
    const { finalizers } = current.metadata;
    if (!finalizers.includes(finalizer)) return;
    this.#change(current, { finalizers: finalizers.filter((name) => name !== finalizer) });
  }

  async *watch({ id, signal }: WatchOptions): AsyncGenerator<ResourceEvent, void> {
    if (signal?.aborted) return;
    let position = this.#history.end;
    const present = id === undefined ? this.list() : [this.#resources.get(id)];
    let resume: (() => void) | undefined;
    const poke = () => resume?.();
    const unfollow = this.#history.follow(poke);
    signal?.addEventListener("abort", poke, { once: true });
    try {
      for (const resource of present) {
        if (signal?.aborted) return;
        yield resource ? { type: "created", resource } : this.#absent(id ?? "");
      }
      while (!signal?.aborted) {
        if (position === this.#history.end) {
          await new Promise<void>((resolve) => resume = resolve);
          continue;
        }
        const event = this.#history.at(position++);
        if (id === undefined || event.resource.metadata.id === id) yield event;
      }
    } finally {
      unfollow();
      signal?.removeEventListener("abort", poke);
    }
  }

  #absent(id: string): ResourceEvent {
    return { type: "destroyed", resource: tombstone(this.kind, id, this.now()) };
  }

  #change(current: Resource, change: Partial<Metadata>, spec = current.spec): Resource {
    const version = current.metadata.version + 1;
    const metadata = { ...current.metadata, ...change, version, updatedMs: this.now() };
    return this.#store("updated", { metadata, spec });
  }

  #store(type: "created" | "updated", resource: Resource): Resource {
    Object.freeze(resource.metadata.finalizers);
    Object.freeze(resource.metadata);
    Object.freeze(resource);
    this.#resources.set(resource.metadata.id, resource);
    this.#sorted = undefined;
    this.#history.add({ type, resource });
    return resource;
  }

  #owned(action: string, id: string, { owner = "" }: WriteOptions): Resource {
    const current = this.#get(action, id);
    const known = current.metadata.owner;
    if (known !== "" && known !== owner) {
      throw new StateError(
        "owner",
        `Cannot ${action} ${this.#name(id)}: it belongs to "${known}", not to "${owner}"`,
      );
    }
    return current;
  }

  #get(action: string, id: string): Resource {
    const current = this.#resources.get(id);
    if (current) return current;
    throw new StateError("notFound", `Cannot ${action} ${this.#name(id)}: it does not exist`);
  }

  #name(id: string): string {
    return describeResource(this.kind, id);
  }
}
