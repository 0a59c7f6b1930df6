import type { Kind } from "./kind.ts";

/** `tearingDown` is the end of a resource that waits for those who put finalizers on it. */
export type Phase = "running" | "tearingDown";

/** What every resource has, whatever its type. */
export interface Metadata {
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  /** 1 at creation, one more with each change; 0 marks a tombstone. */
  readonly version: number;
  /** The controller that alone may change it; empty when anyone may. */
  readonly owner: string;
  readonly phase: Phase;
  /** Who has to let go before it can be destroyed, in the order they came. */
  readonly finalizers: readonly string[];
  /** Wall time in milliseconds. */
  readonly createdMs: number;
  /** Wall time in milliseconds of the last change. */
  readonly updatedMs: number;
}

/** A piece of the system's state. Frozen through and through: hold on to it as long as you like. */
export interface Resource<Spec = unknown> {
  readonly metadata: Metadata;
  readonly spec: Spec;
}

/** Stands for a resource that is not there: metadata of version 0 and no spec. */
export function tombstone(kind: Kind, id: string, nowMs: number): Resource<undefined> {
  const metadata: Metadata = {
    namespace: kind.namespace,
    type: kind.type,
    id,
    version: 0,
    owner: "",
    phase: "running",
    finalizers: [],
    createdMs: nowMs,
    updatedMs: nowMs,
  };
  return { metadata, spec: undefined };
}

/** Whether this only says that there is no such resource. */
export function isTombstone({ metadata }: Resource): boolean {
  return metadata.version === 0;
}
