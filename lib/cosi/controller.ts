import type { Kind } from "./kind.ts";
import type { Resource } from "./resource.ts";

/** What a controller reads and is woken by: a kind, or one resource of it. */
export interface Input {
  readonly kind: Kind;
  /** Strong inputs may be held by finalizers, and some controller here must manage them. */
  readonly strength: "weak" | "strong";
  readonly id?: string;
}

/** What a controller writes. */
export interface Output {
  readonly kind: Kind;
  /** Exclusive: all resources of the kind are its own; else only those it made. */
  readonly exclusive: boolean;
}

/** An input that wakes. */
export function weak(kind: Kind, id?: string): Input {
  return { kind: bare(kind), strength: "weak", ...(id === undefined ? {} : { id }) };
}

/** An input that wakes and can be held. */
export function strong(kind: Kind, id?: string): Input {
  return { kind: bare(kind), strength: "strong", ...(id === undefined ? {} : { id }) };
}

/** The kind that only this controller writes. */
export function exclusive(kind: Kind): Output {
  return { kind: bare(kind), exclusive: true };
}

/** A kind that several controllers write, each resource having one owner. */
export function shared(kind: Kind): Output {
  return { kind: bare(kind), exclusive: false };
}

function bare({ namespace, type }: Kind): Kind {
  return { namespace, type };
}

/** Keeps its outputs as its inputs say. */
export interface Controller {
  /** `network.HostnameConfigController`; also the owner of what it makes. */
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  /** Reconciles until `rt` has no more passes. A throw is logged and followed by a new run. */
  run(rt: ControllerRuntime): Promise<void>;
}

/** What one run of a controller works with. */
export interface ControllerRuntime {
  /** Fires when this run is over. */
  readonly signal: AbortSignal;
  /**
   * One pass at the start, then one after each wake-up; wake-ups during a pass make one more. A pass
   * that ends drops the outputs it did not put and forgets earlier failures.
   */
  passes(): AsyncGenerator<Pass, void>;
  /** Asks for a pass: for sources outside of the state. */
  wake(): void;
  /** A line for the log of the controllers, under the controller's name. */
  log(line: string): void;
}

/** One look at the inputs and what follows from it. Refuses what the controller did not declare. */
export interface Pass {
  /** The spec, or undefined when there is none or its end has begun. */
  find<Spec>(kind: Kind<Spec>, id: string): Promise<Spec | undefined>;
  /** The resource, also one that is being torn down. */
  resource<Spec>(kind: Kind<Spec>, id: string): Promise<Resource<Spec> | undefined>;
  /** All resources of the kind, also those being torn down, sorted by id. */
  list<Spec>(kind: Kind<Spec>): Promise<Resource<Spec>[]>;
  /** Creates or updates an output. One that still is being torn down comes back once that is over. */
  put<Spec>(kind: Kind<Spec>, id: string, spec: Spec): Promise<void>;
  /** Drops an output now: one that is put again in the same pass is a new one, version 1. */
  drop(kind: Kind, id: string): Promise<void>;
  /** Leaves the outputs that this pass does not put as they are: there is nothing new to say yet. */
  keep(): void;
  /** Asks for a pass no later than `ms` after this one, whatever happens. */
  again(ms: number): void;
  /** Holds a strong input; the finalizer is the controller's name unless told. */
  addFinalizer(kind: Kind, id: string, finalizer?: string): Promise<void>;
  /** Lets go of a strong input. */
  removeFinalizer(kind: Kind, id: string, finalizer?: string): Promise<void>;
}
