import type { GoModule } from "./go_mod.ts";

/** How the programs of a component come about. */
export interface Recipe {
  /** As `v1.2.3`. */
  readonly version: string;
  /** What decides, beside the files of its folder, what comes out. */
  readonly inputs: readonly string[];
  /** Makes the programs, and folder `licences` where there are some, in an empty directory. */
  make(directory: string): Promise<{
    readonly programs: readonly string[];
    readonly modules: readonly GoModule[];
  }>;
}
