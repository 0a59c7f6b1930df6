import { type Document, isAlias, isMap, isNode, isSeq, type Node, Pair } from "yaml";

/** Aliases followed inside one node; more is no configuration but a bomb. */
const MAX_ALIASES = 100;

/**
 * A copy of `root` that needs no anchors of `document`: each alias is replaced by what it stands
 * for. It is built beside the document, which would resolve its anchors anew, and wrongly, while it
 * changes. @throws {RangeError} when there are too many aliases, or one that holds itself.
 */
export function standalone(document: Document, root: unknown, what: string): Node | undefined {
  let aliases = 0;
  const copy = (node: unknown): unknown => {
    if (isAlias(node)) {
      if (++aliases > MAX_ALIASES) {
        throw new RangeError(`Cannot merge ${what}: over ${MAX_ALIASES} aliases`);
      }
      return copy(node.resolve(document));
    }
    if (!isNode(node)) return node;
    const clone = node.clone() as Node;
    if (!isAlias(clone)) delete clone.anchor;
    if (isMap(node) && isMap(clone)) {
      clone.items = node.items.map(({ key, value }) => new Pair(copy(key), copy(value)));
    } else if (isSeq(node) && isSeq(clone)) clone.items = node.items.map(copy);
    return clone;
  };
  const made = copy(root);
  return isNode(made) ? made : undefined;
}
