/**
 * A lint plugin that guards who may import whom: `ffi` imports nothing of ours, `lib` only `$proto`,
 * a binary under `cmd/` never another binary, and nothing imports `tests`. Across rooms an import
 * goes by alias, so an arrow is one grep.
 *
 * @module
 */

/** The aliases each room may import by. */
const ALLOWED: Record<string, readonly string[]> = {
  ffi: [],
  proto: [],
  lib: ["$lib/", "$proto/"],
  cmd: ["$lib/", "$ffi/", "$proto/"],
  mkimage: ["$lib/"],
  tests: ["$lib/", "$ffi/", "$proto/"],
};

/** Inside lib, later rooms build on earlier ones, never back. */
const LIB_ORDER = ["cosi", "resources", "config", "service"];

/** Why `file` may not import `source`, or nothing when it may. Both use forward slashes. */
export function importFault(file: string, source: string): string | undefined {
  const parts = file.split("/");
  const room = parts[0] ?? "";
  if (source.startsWith("$")) return aliasFault(room, parts, source);
  if (!source.startsWith(".")) return undefined;
  const target = new URL(source, `file:///${file}`).pathname.slice(1).split("/");
  if (room === "tests") return undefined;
  if (target[0] !== room) return `Cannot import "${source}": across rooms use an alias`;
  if (room === "cmd" && parts[1] !== "node" && target[1] !== parts[1]) {
    return `Cannot import "${source}": a binary does not import another binary`;
  }
  if (room === "lib" && target[1] !== parts[1]) {
    return `Cannot import "${source}": across folders of lib use $lib/`;
  }
  return undefined;
}

function aliasFault(room: string, parts: string[], source: string): string | undefined {
  const alias = source.slice(0, source.indexOf("/") + 1);
  const allowed = ALLOWED[room];
  if (allowed && !allowed.includes(alias)) {
    return `Cannot import "${source}": ${room} does not build on ${alias}`;
  }
  if (room === "lib" && alias === "$lib/") {
    const from = LIB_ORDER.indexOf(parts[1] ?? "");
    const to = LIB_ORDER.indexOf(source.split("/")[1] ?? "");
    if (from >= 0 && to > from) {
      return `Cannot import "${source}": ${LIB_ORDER[to]} builds on ${parts[1]}, not the other way`;
    }
  }
  if (alias === "$lib/" && /\/_[^/]*$/.test(source)) {
    return `Cannot import "${source}": a file that starts with _ stays in its folder`;
  }
  return undefined;
}

/** The repository-relative path of a linted file. */
function repositoryPath(filename: string): string {
  const root = new URL("../../", import.meta.url).pathname;
  const path = filename.startsWith("file:") ? new URL(filename).pathname : filename;
  return path.startsWith(root) ? path.slice(root.length) : path;
}

const plugin: Deno.lint.Plugin = {
  name: "rooms",
  rules: {
    "imports": {
      create(context) {
        const file = repositoryPath(context.filename);
        const check = (node: Deno.lint.Node, source: unknown): void => {
          const fault = typeof source === "string" ? importFault(file, source) : undefined;
          if (fault) context.report({ node, message: fault });
        };
        return {
          ImportDeclaration(node) {
            check(node, node.source.value);
          },
          ExportNamedDeclaration(node) {
            if (node.source) check(node, node.source.value);
          },
          ExportAllDeclaration(node) {
            check(node, node.source.value);
          },
        };
      },
    },
  },
};

export default plugin;
