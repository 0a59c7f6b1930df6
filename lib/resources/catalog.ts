import type { State } from "$lib/cosi/mod.ts";
import type { Definition } from "./definition.ts";
import { Namespace, NAMESPACES } from "./meta/namespace.ts";
import { definitionSpec, ResourceDefinition } from "./meta/resource_definition.ts";
import { aliasesOf, definitionId } from "./names.ts";

/** What a name stands for: one kind, none, or several. */
export type Resolution =
  | { readonly kind: "found"; readonly definition: Definition }
  | { readonly kind: "unknown" }
  | { readonly kind: "ambiguous"; readonly types: readonly string[] };

/** The kinds and namespaces of a node. */
export class Catalog {
  readonly definitions: readonly Definition[];
  readonly #names = new Map<string, Set<Definition>>();

  /** @throws {Error} when a type is there twice or its namespace is none. */
  constructor(
    definitions: readonly Definition[],
    readonly namespaces: Readonly<Record<string, { readonly description: string }>> = NAMESPACES,
  ) {
    this.definitions = [...definitions].sort((a, b) => definitionId(a) < definitionId(b) ? -1 : 1);
    for (const definition of this.definitions) this.#add(definition);
  }

  /** The kind of this type or alias; case does not matter. */
  resolve(name: string): Resolution {
    const [definition, ...others] = this.#names.get(name.toLowerCase()) ?? [];
    if (!definition) return { kind: "unknown" };
    if (others.length === 0) return { kind: "found", definition };
    return { kind: "ambiguous", types: [definition, ...others].map(({ type }) => type) };
  }

  /** The names that stand for more than one kind, sorted. */
  ambiguous(): string[] {
    return [...this.#names].filter(([, known]) => known.size > 1).map(([name]) => name).sort();
  }

  /** Whether there is a namespace of this name. */
  hasNamespace(name: string): boolean {
    return Object.hasOwn(this.namespaces, name);
  }

  /** Writes the resources that describe the kinds and namespaces. */
  async publish(state: State): Promise<void> {
    for (const [name, spec] of Object.entries(this.namespaces)) {
      await state.create(Namespace, name, spec);
    }
    for (const definition of this.definitions) {
      await state.create(ResourceDefinition, definitionId(definition), definitionSpec(definition));
    }
  }

  #add(definition: Definition): void {
    const { type, namespace } = definition;
    const id = definitionId(definition);
    if (!this.hasNamespace(namespace)) {
      throw new Error(`Cannot add resource "${type}": no namespace "${namespace}"`);
    }
    if (this.#names.has(id)) throw new Error(`Cannot add resource "${type}": it is there already`);
    for (const name of [id, ...aliasesOf(definition).map((alias) => alias.toLowerCase())]) {
      const known = this.#names.get(name) ?? new Set();
      this.#names.set(name, known.add(definition));
    }
  }
}
