/**
 * Kernel modules: which ones a device asks for and in which order they load.
 *
 * Debian's kernel packages carry no modules.dep, so the image builder reads each module's `.modinfo`
 * once and ships the answer as an index; no module tool is needed on the node.
 *
 * @module
 */

/** One module of the image. */
export interface ModuleEntry {
  /** Path below the module directory. */
  readonly file: string;
  /** Names of the modules it needs first. */
  readonly depends: readonly string[];
  /** Modalias patterns of the devices it drives, with `*`, `?` and `[…]` as fnmatch(3) reads them. */
  readonly aliases: readonly string[];
}

/** What the image knows about its modules. */
export interface ModuleIndex {
  readonly modules: Readonly<Record<string, ModuleEntry>>;
  /** Modules that load on every node, whatever its devices: containers, netfilter and the like. */
  readonly always: readonly string[];
}

/** A module's name in the one spelling that the kernel uses: `-` and `_` are equal. */
export function moduleName(name: string): string {
  return name.replaceAll("-", "_");
}

/**
 * The modules to load for `names`, each after what it depends on, each once.
 *
 * @throws {RangeError} when a module or a dependency is not in the index
 */
export function loadOrder(index: ModuleIndex, names: Iterable<string>): string[] {
  const order: string[] = [];
  const visited = new Set<string>();
  const visit = (name: string, wanted: string): void => {
    if (visited.has(name)) return;
    visited.add(name);
    const entry = index.modules[name];
    if (!entry) {
      throw new RangeError(`Cannot load module "${wanted}": the image has no "${name}"`);
    }
    for (const dependency of entry.depends) visit(moduleName(dependency), wanted);
    order.push(name);
  };
  for (const name of names) visit(moduleName(name), name);
  return order;
}

/** Finds the modules that drive devices; patterns are compiled once. */
export class AliasMatcher {
  readonly #byBus = new Map<string, { readonly pattern: RegExp; readonly name: string }[]>();

  constructor(index: ModuleIndex) {
    for (const [name, { aliases }] of Object.entries(index.modules)) {
      for (const alias of aliases) {
        const bus = busOf(alias);
        const patterns = this.#byBus.get(bus) ?? [];
        patterns.push({ pattern: globPattern(alias), name });
        this.#byBus.set(bus, patterns);
      }
    }
  }

  /** The modules whose patterns fit a device's modalias, in the order of the index. */
  match(modalias: string): string[] {
    const candidates = this.#byBus.get(busOf(modalias)) ?? [];
    const names = candidates.filter(({ pattern }) => pattern.test(modalias));
    return [...new Set(names.map(({ name }) => name))];
  }
}

function busOf(alias: string): string {
  return alias.slice(0, alias.indexOf(":") + 1);
}

function globPattern(glob: string): RegExp {
  const source = glob.replace(/[.+^${}()|\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s");
}
