import type { Controller } from "./controller.ts";
import { describeResource, type Kind, sameKind } from "./kind.ts";
import { StateError } from "./state_error.ts";

type Declared = Pick<Controller, "name" | "inputs" | "outputs">;

/** Lets pass what the controller declared to read, its own outputs too. @throws {StateError} refused */
export function checkRead(controller: Declared, kind: Kind, id?: string): void {
  const { name, inputs, outputs } = controller;
  if (outputs.some((output) => sameKind(output.kind, kind))) return;
  if (
    inputs.some((input) => sameKind(input.kind, kind) && [undefined, id].includes(input.id))
  ) return;
  throw refusal(name, "read", kind, id, "none of its inputs");
}

/** Lets pass what the controller declared to write. @throws {StateError} refused */
export function checkWrite({ name, outputs }: Declared, kind: Kind, id: string): void {
  if (outputs.some((output) => sameKind(output.kind, kind))) return;
  throw refusal(name, "write", kind, id, "none of its outputs");
}

/** Lets pass a finalizer on what the controller declared as strong input. @throws {StateError} refused */
export function checkHold({ name, inputs }: Declared, kind: Kind, id: string): void {
  const held = inputs.some((input) =>
    input.strength === "strong" && sameKind(input.kind, kind) && [undefined, id].includes(input.id)
  );
  if (!held) throw refusal(name, "hold", kind, id, "none of its strong inputs");
}

function refusal(
  name: string,
  action: string,
  kind: Kind,
  id: string | undefined,
  why: string,
): StateError {
  const what = describeResource(kind, id ?? "*");
  return new StateError("refused", `Cannot ${action} ${what} in "${name}": ${why}`);
}
