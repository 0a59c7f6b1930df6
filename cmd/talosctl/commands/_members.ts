import { flag } from "$lib/cli/mod.ts";
import type { Members } from "$lib/health/mod.ts";

/** The flags that say which nodes a cluster has. */
export const MEMBER_FLAGS = {
  initNode: flag.string("specify IPs of init node"),
  controlPlaneNodes: flag.list("specify IPs of control plane nodes"),
  workerNodes: flag.list("specify IPs of worker nodes"),
};

/** The nodes that the flags name. */
export function membersByFlags(flags: {
  readonly initNode: string;
  readonly controlPlaneNodes: readonly string[];
  readonly workerNodes: readonly string[];
}): Members {
  const { initNode, controlPlaneNodes, workerNodes } = flags;
  const first = initNode === "" ? [] : [initNode];
  return { controlPlane: [...first, ...controlPlaneNodes], workers: workerNodes };
}
