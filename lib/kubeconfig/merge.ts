import { type Document, isMap, type YAMLMap } from "yaml";
import { entriesOf, nameOf, parseKubeconfig, type Plain } from "./_document.ts";

/** What a kubeconfig has names for, in the words of messages. */
export type Component = "cluster" | "auth info" | "context";

/** What becomes of an entry whose name is taken. */
export type Decision = "overwrite" | "rename";

/** A component that got another name, as the one it had was taken. */
export interface Rename {
  readonly component: Component;
  readonly from: string;
  readonly to: string;
}

/** How a merge goes about names. */
export interface MergeOptions {
  readonly onConflict: (component: Component, name: string) => Promise<Decision>;
  /** Name of the merged context instead of its own; empty keeps that. */
  readonly contextName?: string;
}

const KEYS = { cluster: "clusters", "auth info": "users", context: "contexts" } as const;

/**
 * Merges `added` into `base`, both kubeconfig texts, and makes the current context of `added`
 * current. What is in `base` keeps its place and comments.
 * @throws {SyntaxError} when one of the two is no kubeconfig
 */
export async function mergeKubeconfig(
  base: string,
  added: string,
  { onConflict, contextName = "" }: MergeOptions,
): Promise<{ text: string; renames: Rename[]; context: string }> {
  const into = parseKubeconfig(base.trim() === "" ? "apiVersion: v1\nkind: Config\n" : base);
  const file = parseKubeconfig(added).toJS() as Plain;
  const renames: Rename[] = [];
  const merge = async (component: Component, entries: readonly Plain[]) => {
    const names = new Map<string, string>();
    const list = entriesOf(into, KEYS[component]);
    for (const entry of entries) {
      const from = String(entry.name);
      let to = component === "context" && contextName !== "" ? contextName : from;
      const wanted = to;
      if (list.items.some((item) => nameOf(item) === to)) {
        if (await onConflict(component, to) === "rename") to = freeName(list.items, to);
      }
      if (to !== wanted) renames.push({ component, from: wanted, to });
      names.set(from, to);
      put(into, list.items, { ...entry, name: to });
    }
    return names;
  };
  const clusters = await merge("cluster", entriesIn(file, "clusters"));
  const users = await merge("auth info", entriesIn(file, "users"));
  const contexts = await merge(
    "context",
    entriesIn(file, "contexts").map((entry) => {
      const context = entry.context as Plain | undefined;
      const cluster = clusters.get(String(context?.cluster)) ?? context?.cluster;
      const user = users.get(String(context?.user)) ?? context?.user;
      return { ...entry, context: { ...context, cluster, user } };
    }),
  );
  const current = contexts.get(String(file["current-context"]));
  if (current !== undefined) into.set("current-context", current);
  return { text: into.toString({ lineWidth: 0 }), renames, context: current ?? "" };
}

function entriesIn(file: Plain, key: string): Plain[] {
  const list = file?.[key];
  if (!Array.isArray(list)) return [];
  return list.filter((entry): entry is Plain => typeof entry?.name === "string");
}

function freeName(items: readonly YAMLMap[], name: string): string {
  const taken = new Set(items.map(nameOf));
  for (let index = 1;; index++) if (!taken.has(`${name}-${index}`)) return `${name}-${index}`;
}

/** Puts an entry in the place of the one with its name, else at the end. */
function put(document: Document, items: YAMLMap[], entry: Plain): void {
  const node = document.createNode(entry) as unknown as YAMLMap;
  const index = items.findIndex((item) => nameOf(item) === entry.name);
  if (index >= 0) items[index] = node;
  else items.push(node);
}

/** The file without a context and without the cluster and the user that only it refers to. */
export function withoutContext(kubeconfig: string, name: string): string {
  const document = parseKubeconfig(kubeconfig);
  const contexts = entriesOf(document, "contexts").items;
  const gone = contexts.find((item) => nameOf(item) === name);
  if (!gone) return kubeconfig;
  const left = contexts.filter((item) => item !== gone);
  setEntries(document, "contexts", left);
  for (const [key, field] of [["clusters", "cluster"], ["users", "user"]] as const) {
    const referred = gone.getIn(["context", field]);
    if (left.some((item) => isMap(item) && item.getIn(["context", field]) === referred)) continue;
    const kept = entriesOf(document, key).items.filter((item) => nameOf(item) !== referred);
    setEntries(document, key, kept);
  }
  if (document.get("current-context") === name) document.set("current-context", "");
  return document.toString({ lineWidth: 0 });
}

function setEntries(document: Document, key: string, items: YAMLMap[]): void {
  entriesOf(document, key).items = items;
}
