/** The version that a go.mod requires of a module. @throws {SyntaxError} when it requires none. */
export function requiredVersion(goMod: string, module: string): string {
  for (const line of goMod.split("\n")) {
    const [path, version] = line.replace(/^require\s/, "").trim().split(/\s+/);
    if (path === module && version?.startsWith("v")) return version;
  }
  throw new SyntaxError(`Cannot read go.mod: it requires no version of ${module}`);
}

/** A module that is linked into a program. */
export interface GoModule {
  readonly path: string;
  readonly version: string;
  /** The checksum of go.sum, `h1:…`; none for the standard library and for modules of ours. */
  readonly sum?: string;
}

/** The modules that `go version -m` finds in programs, each once, in byte order. */
export function linkedModules(text: string): GoModule[] {
  const found = new Map<string, GoModule>();
  let replaced: string | undefined;
  for (const line of text.split("\n")) {
    const [kind, path, version, sum] = line.trim().split("\t");
    if (!path || !version) continue;
    // A replacement stands below what it replaces: then it is what was linked.
    if (kind === "=>" && replaced) found.delete(replaced);
    if (kind !== "dep" && kind !== "=>") continue;
    replaced = `${path}@${version}`;
    found.set(replaced, { path, version, ...(sum ? { sum } : {}) });
  }
  return [...found.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([, module]) => module);
}
