import { join } from "node:path";
import { run } from "../run.ts";
import type { CComponent } from "./component.ts";
import type { Recipe } from "./recipe.ts";

const FLAGS = ["-std=gnu17", "-Os", "-Wall", "-Werror", "-static", "-s", "-Wl,--build-id=none"];

/** How a component is built from its C file in `folder`. */
export function cRecipe({ name, version }: CComponent, folder: string): Recipe {
  return {
    version,
    inputs: FLAGS,
    async make(directory) {
      await run("gcc", [...FLAGS, "-o", join(directory, name), `${name}.c`], { cwd: folder });
      return { programs: [name], modules: [] };
    },
  };
}
