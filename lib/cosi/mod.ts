/**
 * Resources, the state that keeps them and the controllers that reconcile it.
 *
 * ```ts
 * import { find, type Kind, MemoryState } from "$lib/cosi/mod.ts";
 *
 * const Note: Kind<{ text: string }> = { namespace: "docs", type: "Notes.docs.example.org" };
 * const state = new MemoryState();
 * await state.create(Note, "a", { text: "hello" });
 * console.assert((await find(state, Note, "a"))?.text === "hello");
 * ```
 *
 * @module
 */
export { Backoff, type BackoffOptions } from "./backoff.ts";
export { type Clock, systemClock } from "$lib/clock/mod.ts";
export {
  type Controller,
  type ControllerRuntime,
  exclusive,
  type Input,
  type Output,
  type Pass,
  shared,
  strong,
  weak,
} from "./controller.ts";
export type { DependencyEdge } from "./dependencies.ts";
export { ControllerEngine, type EngineOptions } from "./engine.ts";
export { describeResource, inNamespace, type Kind, kindKey, sameKind } from "./kind.ts";
export { MemoryState, WATCH_HISTORY } from "./memory_state.ts";
export { type PaceLimits } from "./pace.ts";
export { find, get, until } from "./read.ts";
export { isTombstone, type Metadata, type Phase, type Resource, tombstone } from "./resource.ts";
export { frozenCopy, oncePerSpec, sameValue } from "./spec_value.ts";
export type { ResourceEvent, State, StateReader, WatchOptions, WriteOptions } from "./state.ts";
export { isFault, StateError, type StateFault } from "./state_error.ts";
