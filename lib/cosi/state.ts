import type { Kind } from "./kind.ts";
import type { Resource } from "./resource.ts";

/** What happened to a resource. `destroyed` carries it as it was last, or a tombstone. */
export interface ResourceEvent<Spec = unknown> {
  readonly type: "created" | "updated" | "destroyed";
  readonly resource: Resource<Spec>;
}

/** Settings of a watch. */
export interface WatchOptions {
  /** Only this resource; all of the kind unless told. */
  readonly id?: string;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
}

/** The read side of a state: what the resource API offers too. */
export interface StateReader {
  /** The resource, or undefined. */
  resource<Spec>(kind: Kind<Spec>, id: string): Promise<Resource<Spec> | undefined>;
  /** All resources of the kind, sorted by id. */
  list<Spec>(kind: Kind<Spec>): Promise<Resource<Spec>[]>;
  /**
   * First what is there, as `created` and sorted by id, then each change in order. A watch of one
   * id that is not there starts with `destroyed` and a tombstone.
   *
   * @throws {StateError} overrun while iterating, when changes not yet yielded are no longer kept
   */
  watch<Spec>(kind: Kind<Spec>, options?: WatchOptions): AsyncGenerator<ResourceEvent<Spec>, void>;
}

/** Who asks for a change. */
export interface WriteOptions {
  /** A resource with an owner is changed by that owner alone. */
  readonly owner?: string;
}

/** Resources by kind and id. All failures are StateErrors. */
export interface State extends StateReader {
  /** A new resource, version 1. @throws {StateError} conflict when there is one already. */
  create<Spec>(
    kind: Kind<Spec>,
    id: string,
    spec: Spec,
    options?: WriteOptions,
  ): Promise<Resource<Spec>>;
  /**
   * Replaces the spec; an equal one changes nothing, not even the version.
   *
   * @throws {StateError} notFound; conflict when `version` is not the present one; phase when it is
   * being torn down; owner when another owns it
   */
  update<Spec>(
    kind: Kind<Spec>,
    id: string,
    spec: Spec,
    options?: WriteOptions & { readonly version?: number },
  ): Promise<Resource<Spec>>;
  /** Starts the end of a resource. Gives whether nothing holds it any more. @throws {StateError} notFound, owner */
  teardown(kind: Kind, id: string, options?: WriteOptions): Promise<boolean>;
  /** Removes a resource. @throws {StateError} notFound; owner; conflict while it has finalizers. */
  destroy(kind: Kind, id: string, options?: WriteOptions): Promise<void>;
  /** Holds a resource back from being destroyed. @throws {StateError} notFound; phase when its end began. */
  addFinalizer(kind: Kind, id: string, finalizer: string): Promise<void>;
  /** Lets go of a resource; nothing happens when it was not held. @throws {StateError} notFound */
  removeFinalizer(kind: Kind, id: string, finalizer: string): Promise<void>;
}
