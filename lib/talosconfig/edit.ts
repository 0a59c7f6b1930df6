import { type Document, isAlias, isMap, isNode, type Node, YAMLMap } from "yaml";
import { standalone } from "./_standalone.ts";
import { type Context, keyText, member, type Talosconfig } from "./talosconfig.ts";

/** Adds a context, or replaces the one of that name, and makes it current. */
export function addContext(config: Talosconfig, name: string, context: Context): Talosconfig {
  return config.edit((root, document) => {
    const { endpoints, nodes, ca, crt, key } = context;
    const value = { endpoints, ...(nodes.length ? { nodes } : {}), ca, crt, key };
    put(contextsOf(root, document), name, document.createNode(value, { keepUndefined: false }));
    put(root, "context", document.createNode(name));
  });
}

/** Makes a context current. @throws {Error} when there is none of that name. */
export function useContext(config: Talosconfig, name: string): Talosconfig {
  config.select(name);
  return config.edit((root, document) => put(root, "context", document.createNode(name)));
}

/** Replaces the endpoints of the current context. */
export function setEndpoints(config: Talosconfig, endpoints: readonly string[]): Talosconfig {
  return editCurrent(config, (context, document) => {
    put(context, "endpoints", document.createNode(endpoints));
    // The legacy key would come back as one more endpoint.
    drop(context, "target");
  });
}

/** Replaces the nodes of the current context; no nodes take the key out. */
export function setNodes(config: Talosconfig, nodes: readonly string[]): Talosconfig {
  return editCurrent(config, (context, document) => {
    if (nodes.length) put(context, "nodes", document.createNode(nodes));
    else drop(context, "nodes");
  });
}

/** A context that got another name, as the one it had was taken. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/**
 * Adds the contexts of `added` to `base`; a name that is taken gets an index (`foo-1`) unless
 * `overwrite` is set. The current context of `added` becomes current.
 */
export function mergeTalosconfig(
  base: Talosconfig,
  added: Talosconfig,
  options: { overwrite?: boolean } = {},
): { config: Talosconfig; renames: Rename[] } {
  const taken = new Set(base.names);
  const names = new Map<string, string>();
  for (const name of added.names) {
    const to = options.overwrite ? name : freeName(name, taken);
    taken.add(to);
    names.set(name, to);
  }
  const config = base.edit((root, document) => {
    const contexts = contextsOf(root, document);
    for (const [from, to] of names) put(contexts, to, contextNode(added, from));
    const current = names.get(added.current);
    if (current !== undefined) put(root, "context", document.createNode(current));
  });
  const renames = [...names].map(([from, to]) => ({ from, to })).filter(({ from, to }) =>
    from !== to
  );
  return { config, renames };
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let i = 1;; i++) if (!taken.has(`${name}-${i}`)) return `${name}-${i}`;
}

/** A context's node, comments and all, that stands without the anchors of its document. */
function contextNode(config: Talosconfig, name: string): Node {
  let copy: Node | undefined;
  config.edit((root, document) => {
    const node = member(document, member(document, root, "contexts"), name);
    copy = standalone(document, node, `context "${name}"`);
  });
  if (!copy) throw new TypeError(`Cannot merge context "${name}": it is empty`);
  return copy;
}

function editCurrent(
  config: Talosconfig,
  change: (context: YAMLMap, document: Document) => void,
): Talosconfig {
  config.select();
  return config.edit((root, document) => {
    const context = member(document, contextsOf(root, document), config.current);
    if (isMap(context)) change(context, document);
  });
}

/** The mapping of contexts, made if absent and out of the one-line form that `{}` has. */
function contextsOf(root: YAMLMap, document: Document): YAMLMap {
  const found = member(document, root, "contexts");
  const contexts = isMap(found) ? found : new YAMLMap();
  if (contexts !== found) put(root, "contexts", contexts);
  contexts.flow = false;
  return contexts;
}

function put(map: YAMLMap, key: string, value: Node): void {
  const pair = map.items.find((item) => keyText(item.key) === key);
  if (!pair) map.set(key, value);
  else {
    if (isNode(pair.value) && !isAlias(pair.value)) {
      value.comment ??= pair.value.comment ?? null;
      value.commentBefore ??= pair.value.commentBefore ?? null;
    }
    pair.value = value;
  }
}

function drop(map: YAMLMap, key: string): void {
  const index = map.items.findIndex((item) => keyText(item.key) === key);
  if (index >= 0) map.items.splice(index, 1);
}
