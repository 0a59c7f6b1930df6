/**
 * The words a configuration schema is written in. One description of a field yields its TypeScript
 * type, its decoder, its place in the documented YAML, its JSON Schema and its documentation.
 *
 * @module
 */

import type { ScalarType } from "./scalars.ts";

/** A single value: text, number or truth, in one of the spellings `ScalarType` knows. */
export interface ScalarNode<T = unknown> {
  readonly kind: "scalar";
  readonly scalar: ScalarType<T>;
}

/** A sequence of equal things. */
export interface ListNode<N = SchemaNode> {
  readonly kind: "list";
  readonly item: N;
}

/** A mapping with keys of the user's choice. */
export interface MapNode<N = SchemaNode> {
  readonly kind: "map";
  /** What a key stands for, e.g. `host`; documentation writes `<host>`. */
  readonly key: string;
  readonly value: N;
}

/** A mapping with known keys. */
export interface ObjectNode<F extends Fields = Fields> {
  readonly kind: "object";
  /** Heading of this object in the documentation. */
  readonly name: string;
  readonly doc: string;
  readonly fields: F;
}

/** Any part of a schema. */
export type SchemaNode = ScalarNode | ListNode | MapNode | ObjectNode;

/** A value shown in documentation and as a commented-out hint in generated files. */
export interface Example {
  /** What sets this example apart, when a field has several. */
  readonly name?: string;
  readonly value: unknown;
}

/** What is said about a field besides its type. */
export interface About {
  /** What the field does; the first line becomes the comment in generated files. */
  readonly doc: string;
  /** What an absent field means. */
  readonly default?: string;
  /** Well-known values; others are not refused for it (a rule may). */
  readonly values?: readonly string[];
  readonly examples?: readonly Example[];
  /** Key material, tokens and passwords: never to be logged. */
  readonly secret?: true;
}

/** One key of an object; `always` means it is written even when empty, and never absent once read. */
export interface Field<N = SchemaNode, A extends boolean = boolean> extends About {
  readonly node: N;
  readonly always: A;
}

/** The keys of an object, in the order in which they are written. */
export type Fields = Readonly<Record<string, Field>>;

/** The TypeScript type of what a node reads. */
export type Value<N> = N extends ScalarNode<infer T> ? T
  : N extends ListNode<infer I> ? readonly Value<I>[]
  : N extends MapNode<infer V> ? Readonly<Record<string, Value<V>>>
  : N extends ObjectNode<infer F> ? ObjectValue<F>
  : never;

type AlwaysKeys<F> = { [K in keyof F]: F[K] extends Field<unknown, true> ? K : never }[keyof F];

type ObjectValue<F> =
  & { readonly [K in AlwaysKeys<F>]: F[K] extends Field<infer N> ? Value<N> : never }
  & {
    readonly [K in Exclude<keyof F, AlwaysKeys<F>>]?: F[K] extends Field<infer N> ? Value<N>
      : never;
  };

/** A node for one value of `scalar`. */
export function scalar<T>(type: ScalarType<T>): ScalarNode<T> {
  return { kind: "scalar", scalar: type };
}

/** A node for a sequence of `item`. */
export function list<N extends SchemaNode>(item: N): ListNode<N> {
  return { kind: "list", item };
}

/** A node for a mapping from names (of the sort `key`) to `value`. */
export function map<N extends SchemaNode>(key: string, value: N): MapNode<N> {
  return { kind: "map", key, value };
}

/** A node for a mapping with exactly these keys. */
export function object<F extends Fields>(name: string, doc: string, fields: F): ObjectNode<F> {
  return { kind: "object", name, doc, fields };
}

/** A field that is left out of written files while it is empty. */
export function optional<N extends SchemaNode>(node: N, about: About): Field<N, false> {
  return { node, always: false, ...about };
}

/** A field that is written whenever its parent is, and reads as its zero value when absent. */
export function always<N extends SchemaNode>(node: N, about: About): Field<N, true> {
  return { node, always: true, ...about };
}
