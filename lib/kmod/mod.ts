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

/** Finds the modules that drive devices. */
export class AliasMatcher {
  readonly #byBus = new Map<string, { readonly alias: string; readonly name: string }[]>();

  constructor(index: ModuleIndex) {
    for (const [name, { aliases }] of Object.entries(index.modules)) {
      for (const alias of aliases) {
        const bus = busOf(alias);
        const known = this.#byBus.get(bus);
        if (known) known.push({ alias, name });
        else this.#byBus.set(bus, [{ alias, name }]);
      }
    }
  }

  /** The modules whose patterns fit a device's modalias, in the order of the index. */
  match(modalias: string): string[] {
    const candidates = this.#byBus.get(busOf(modalias)) ?? [];
    const fitting = candidates.filter(({ alias }) => globFits(alias, modalias));
    return [...new Set(fitting.map(({ name }) => name))];
  }
}

function busOf(alias: string): string {
  return alias.slice(0, alias.indexOf(":") + 1);
}

/**
 * Whether `text` is what `glob` describes. Most of the thousands of patterns differ from a device in
 * their first letters; to make a regular expression of each took seconds on a slow machine.
 */
function globFits(glob: string, text: string): boolean {
  let at = 0;
  while (at < text.length && glob[at] !== "*" && glob[at] === text[at]) at++;
  if (at < glob.length && !"*?[".includes(glob.charAt(at))) return false;
  let star = -1;
  let retry = 0;
  for (let i = at; i < text.length;) {
    if (glob[at] === "*") {
      star = at++;
      retry = i;
      continue;
    }
    const width = widthThatFits(glob, at, text.charAt(i));
    if (width === 0 && star < 0) return false;
    at = width > 0 ? at + width : star + 1;
    i = width > 0 ? i + 1 : ++retry;
  }
  while (glob[at] === "*") at++;
  return at === glob.length;
}

/** The length of the element at `at` when it stands for `char`, else 0. */
function widthThatFits(glob: string, at: number, char: string): number {
  if (glob[at] === "?" || (glob[at] === char && char !== "[")) return 1;
  if (glob[at] !== "[") return 0;
  const end = glob.indexOf("]", at) + 1;
  return new RegExp(glob.slice(at, end)).test(char) ? end - at : 0;
}
