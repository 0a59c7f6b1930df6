import type { Kind } from "$lib/cosi/mod.ts";

/** A column of `talosctl get`: its heading and where in the spec its value stands. */
export interface PrintColumn {
  readonly name: string;
  /** A JSONPath as kubectl writes them: `{.running}`. */
  readonly jsonPath: string;
}

/** All there is to know about a kind of resources: nothing else has to be taught about it. */
export interface Definition<Spec = unknown> extends Kind<Spec> {
  /** Short names beside those that follow from the type. */
  readonly aliases: readonly string[];
  readonly printColumns: readonly PrintColumn[];
  /** Whether specs hold secrets: logs, crash dumps and error texts hide them. */
  readonly sensitive: boolean;
  /** Whether the initials of the type are aliases; new kinds would take them from old ones. */
  readonly initials: boolean;
  /** The spec as its YAML shows it: plain data, or text that is YAML already. */
  view(spec: Spec): unknown;
}

/** What the maker of a kind has to say; the rest has defaults. */
export interface DefinitionInit<Spec> {
  readonly type: string;
  readonly namespace: string;
  readonly aliases?: readonly string[];
  readonly printColumns?: readonly PrintColumn[];
  readonly sensitive?: boolean;
  readonly initials?: boolean;
  view?(spec: Spec): unknown;
}

const TYPE = /^[A-Z][A-Za-z0-9-]+(\.[a-z0-9-]+)+$/;

/** A kind of resources. @throws {TypeError} when the type is not `Plural.domain.tld`. */
export function define<Spec>(init: DefinitionInit<Spec>): Definition<Spec> {
  if (!TYPE.test(init.type)) {
    throw new TypeError(`Cannot define resource "${init.type}": not of the form Plural.domain.tld`);
  }
  return {
    aliases: [],
    printColumns: [],
    sensitive: false,
    initials: true,
    view: (spec) => spec,
    ...init,
  };
}

/** Text that is YAML already: a spec whose comments and order have to survive. */
export class YamlText {
  constructor(readonly text: string) {}
}
