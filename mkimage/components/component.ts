/** A program, or several, that the image or a container needs and that no package brings. */
export type Component = GoComponent | CComponent;

interface Named {
  readonly name: string;
  /** The folder beside this file that it is built from. */
  readonly folder: string;
  /** Where an image has the programs; `/usr/bin` when it does not say. */
  readonly directory?: string;
  /** Licences of C libraries that are linked in, as files of this host. */
  readonly licences?: readonly string[];
}

/** Built from one C file of ours, named as the program. */
export interface CComponent extends Named {
  readonly language: "c";
  readonly version: string;
}

/** Built from a Go module of ours that pins other modules. */
export interface GoComponent extends Named {
  readonly language: "go";
  /** The module whose version, as go.mod requires it, is the component's. */
  readonly module: string;
  /** The packages; a program is named as Go names it. */
  readonly packages: readonly string[];
  /** The packages hold tests, and those are the program: `x.test` of a package x. */
  readonly tests?: boolean;
  readonly tags?: readonly string[];
  /** Needs a C compiler; linked statically all the same. */
  readonly cgo?: boolean;
  /** Variables that the linker sets, given the version as `v1.2.3`. */
  readonly variables?: (version: string) => Readonly<Record<string, string>>;
}
