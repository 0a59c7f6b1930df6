import { join } from "node:path";
import { findGo } from "../go.ts";
import { run } from "../run.ts";
import type { GoComponent } from "./component.ts";
import { linkedModules, requiredVersion } from "./go_mod.ts";
import { goLicences } from "./licences.ts";
import type { Recipe } from "./recipe.ts";

/** How a component is built from its Go module in `folder`. */
export async function goRecipe(
  component: GoComponent,
  folder: string,
  cache: string,
): Promise<Recipe> {
  const go = await findGo(cache);
  if (!go) throw new Error("Cannot build components: no Go 1.25 or newer; run: deno task setup");
  const goMod = await Deno.readTextFile(join(folder, "go.mod"));
  const version = requiredVersion(goMod, component.module);
  const command = component.tests ? ["test", "-c"] : ["build"];
  const flavour = component.tests ? "test" : component.cgo ? "cgo" : "";
  const args = buildArguments(component, version);
  return {
    version,
    inputs: [...args, ...component.packages, flavour, go.version],
    async make(directory) {
      const options = { cwd: folder, env: goEnvironment(component) };
      const output = ["-o", directory + "/", ...component.packages];
      await run(go.path, [...command, ...args, ...output], options);
      const programs = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name)
        .sort();
      const paths = programs.map((name) => join(directory, name));
      const modules = linkedModules(
        await run(
          go.path,
          component.tests ? listing(component) : ["version", "-m", ...paths],
          options,
        ),
      );
      await goLicences(modules, join(directory, "licences"), go, options);
      const std = { path: "std", version: go.version.replace(/^go/, "") };
      return { programs, modules: [std, ...modules] };
    },
  };
}

/** Lists a test's modules as `go version -m` does, which finds none in the program of a test. */
function listing({ packages }: GoComponent): string[] {
  const own = "{{.Path}}\t{{.Version}}";
  const module = `{{with .Module}}dep\t{{with .Replace}}${own}{{else}}${own}{{end}}{{end}}`;
  return ["list", "-deps", "-test", "-mod=readonly", "-f", module, ...packages];
}

/** The arguments of `go build` that decide what comes out. */
export function buildArguments(component: GoComponent, version: string): string[] {
  const link = ["-s", "-w"];
  for (const [name, value] of Object.entries(component.variables?.(version) ?? {})) {
    link.push("-X", `${name}=${value}`);
  }
  if (component.cgo) link.push("-linkmode", "external", "-extldflags", "-static");
  const tags = component.tags ? ["-tags", component.tags.join(",")] : [];
  return ["-trimpath", "-buildvcs=false", "-mod=readonly", ...tags, "-ldflags", link.join(" ")];
}

function goEnvironment(component: GoComponent): Record<string, string> {
  return {
    CGO_ENABLED: component.cgo ? "1" : "0",
    GOTOOLCHAIN: "local",
    GOFLAGS: "",
    GOWORK: "off",
  };
}
