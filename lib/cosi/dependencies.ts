import type { Controller } from "./controller.ts";
import { type Kind, kindKey } from "./kind.ts";
import { StateError } from "./state_error.ts";

/** One arrow of the dependency graph. */
export interface DependencyEdge {
  readonly controller: string;
  readonly type: "manages" | "strong" | "weak";
  readonly kind: Kind;
  /** Set where the controller depends on one resource only. */
  readonly id?: string;
}

type Declared = Pick<Controller, "name" | "inputs" | "outputs">;

/** Who reads and who writes what; refuses a controller that does not fit in. */
export class Dependencies {
  readonly #controllers = new Map<string, Declared>();
  readonly #writers = new Map<string, { name: string; exclusive: boolean }>();

  /** Adds a controller. @throws {StateError} conflict when its name or an output is taken. */
  add(controller: Declared): void {
    const { name, outputs } = controller;
    if (this.#controllers.has(name)) throw refusal(name, "the name is taken");
    if (outputs.filter(({ exclusive }) => exclusive).length > 1) {
      throw refusal(name, "a controller owns one kind at most");
    }
    for (const { kind, exclusive } of outputs) {
      const known = this.#writers.get(kindKey(kind));
      if (known && (exclusive || known.exclusive)) {
        throw refusal(name, `${kindKey(kind)} is managed by "${known.name}"`);
      }
    }
    for (const { kind, exclusive } of outputs) {
      this.#writers.set(kindKey(kind), { name, exclusive });
    }
    this.#controllers.set(name, controller);
  }

  /** The strong inputs that no controller here manages: nobody would ever tear them down. */
  unmanaged(): string[] {
    return [...this.#controllers.values()].flatMap(({ name, inputs }) =>
      inputs.filter(({ strength, kind }) =>
        strength === "strong" && !this.#writers.has(kindKey(kind))
      ).map(({ kind }) => `${kindKey(kind)} of "${name}"`)
    );
  }

  /** All arrows: controllers in the order they came, each with its outputs first. */
  edges(): DependencyEdge[] {
    return [...this.#controllers.values()].flatMap(({ name, inputs, outputs }) => [
      ...outputs.map(({ kind }): DependencyEdge => ({ controller: name, type: "manages", kind })),
      ...inputs.map(({ kind, strength, id }): DependencyEdge => ({
        controller: name,
        type: strength,
        kind,
        ...(id === undefined ? {} : { id }),
      })),
    ]);
  }
}

function refusal(name: string, why: string): StateError {
  return new StateError("conflict", `Cannot register controller "${name}": ${why}`);
}
