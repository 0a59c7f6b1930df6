import type { Answer } from "../client/client.ts";

/** Table rows of many nodes: `cells` makes the rows of one answer, the node's name goes first. */
export function nodeRows<M>(
  answers: readonly Answer<M>[],
  cells: (message: M) => readonly (readonly string[])[],
): string[][] {
  return answers.flatMap(({ node, message }) => cells(message).map((row) => [node, ...row]));
}
