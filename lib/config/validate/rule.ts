import type { Path } from "../finding.ts";
import type { MachineConfig } from "../schema/document.ts";

/** Where a configuration is to run. */
export type Mode = "metal" | "cloud" | "container";

/** What is known of the machine besides its configuration. */
export interface RuleContext {
  readonly mode: Mode;
  /** On the machine itself: whether a block device is there. */
  readonly diskExists?: (device: string) => boolean;
}

/** What a rule has to say. */
export interface Breach {
  readonly path: Path;
  readonly message: string;
}

/**
 * How much a breach weighs. `apply`: the file may be kept, but a node that applied it would fail
 * later, so it is an error there and a warning elsewhere.
 */
export type Level = "error" | "apply" | "warning";

/** One demand on a configuration beyond the types of its fields. */
export interface Rule {
  /** The demand in words, by the schema path of each field it is about. */
  readonly says: Readonly<Record<string, string>>;
  readonly level: Level;
  check(config: MachineConfig, context: RuleContext): Iterable<Breach>;
}
