import type { KubeObject } from "$lib/kube/mod.ts";

/**
 * The order to apply objects in: namespaces, then the definitions of kinds, then everything else as
 * it came.
 */
export function applyOrder(objects: readonly KubeObject[]): KubeObject[] {
  const rank = ({ kind }: KubeObject) =>
    kind === "Namespace" ? 0 : kind === "CustomResourceDefinition" ? 1 : 2;
  return objects.toSorted((a, b) => rank(a) - rank(b));
}
