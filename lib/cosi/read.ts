import { describeResource, type Kind } from "./kind.ts";
import { isTombstone } from "./resource.ts";
import type { StateReader } from "./state.ts";
import { isFault, StateError } from "./state_error.ts";

/** The spec, or undefined when there is no such resource. */
export async function find<Spec>(
  state: StateReader,
  kind: Kind<Spec>,
  id: string,
): Promise<Spec | undefined> {
  return (await state.resource(kind, id))?.spec;
}

/** The spec. @throws {StateError} notFound */
export async function get<Spec>(state: StateReader, kind: Kind<Spec>, id: string): Promise<Spec> {
  const resource = await state.resource(kind, id);
  if (resource) return resource.spec;
  throw new StateError("notFound", `Cannot read ${describeResource(kind, id)}: it does not exist`);
}

/**
 * Waits until `holds` is true of the spec (undefined while there is none) and gives that spec; until
 * there is one, unless told. A watch that was overrun starts over.
 *
 * @throws the reason of `signal` when it fires first
 */
export async function until<Spec>(
  state: StateReader,
  kind: Kind<Spec>,
  id: string,
  signal: AbortSignal,
  holds: (spec: Spec | undefined) => boolean = (spec) => spec !== undefined,
): Promise<Spec | undefined> {
  while (!signal.aborted) {
    try {
      for await (const { type, resource } of state.watch(kind, { id, signal })) {
        const spec = type === "destroyed" || isTombstone(resource) ? undefined : resource.spec;
        if (holds(spec)) return spec;
      }
    } catch (error) {
      if (!isFault(error, "overrun")) throw error;
    }
  }
  throw signal.reason;
}
