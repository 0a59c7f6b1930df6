import type { MachineConfig } from "../schema/document.ts";

/** What members of one cluster have in common. */
const SHARED: readonly ((config: MachineConfig) => string | undefined)[] = [
  ({ machine }) => machine.ca?.crt,
  ({ machine }) => machine.token,
  ({ cluster }) => cluster.ca?.crt,
  ({ cluster }) => cluster.token,
];

/**
 * Whether two configurations are of different clusters: they have no CA and no token in common. One
 * that changes some of them, as rotating a CA does, is of the same.
 */
export function isOtherCluster(current: MachineConfig, next: MachineConfig): boolean {
  const pairs = SHARED.map((of) => [of(current), of(next)] as const)
    .filter(([a, b]) => a !== undefined && b !== undefined);
  return pairs.length > 0 && pairs.every(([a, b]) => a !== b);
}
