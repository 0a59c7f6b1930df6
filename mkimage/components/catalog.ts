import type { Component } from "./component.ts";
import { CLUSTER_COMPONENTS } from "./cluster.ts";
import { AGNHOST, E2E, KUBERNETES_COMPONENTS, OLDER_COMPONENTS } from "./kubernetes.ts";
import { NODE_COMPONENTS } from "./node.ts";

/** What this release's clusters are made of. */
const CURRENT: readonly Component[] = [
  ...NODE_COMPONENTS,
  ...KUBERNETES_COMPONENTS,
  ...CLUSTER_COMPONENTS,
];

/** Everything that can be built. */
export const COMPONENTS: readonly Component[] = [...CURRENT, ...OLDER_COMPONENTS, AGNHOST, E2E];

/** The components of those names, this release's where none is given. @throws {TypeError} for an unknown one. */
export function chooseComponents(names: readonly string[]): readonly Component[] {
  if (names.length === 0) return CURRENT;
  return names.map((name) => {
    const found = COMPONENTS.find((component) => component.name === name);
    if (found) return found;
    const known = COMPONENTS.map((component) => component.name).join(", ");
    throw new TypeError(`Cannot build component "${name}": known are ${known}`);
  });
}
