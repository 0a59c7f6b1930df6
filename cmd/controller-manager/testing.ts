/** What tests of pools share: pools, nodes and a source of chance that can be repeated. */
import { type Pool, POOL_LABEL, POOLS, type PoolSpec } from "$lib/pool/mod.ts";
import type { Sight } from "$lib/upgrade/mod.ts";
import type { FleetNode, NodeFacts } from "./members.ts";

/** A pool with this spec. */
export function testPool(spec: Partial<PoolSpec>, more: Partial<Pool> = {}): Pool {
  const metadata = { name: "a", generation: 1, ...more.metadata };
  return { apiVersion: POOLS.apiVersion, kind: "Pool", spec, ...more, metadata };
}

/** A ready node of a pool as the kubelet shows it. */
export function testNode(name: string, pool: string, version = "v1.0.0"): FleetNode {
  return {
    metadata: { name, labels: { [POOL_LABEL]: pool } },
    status: {
      addresses: [{ type: "InternalIP", address: `10.0.0.${name.length}` }],
      conditions: [{ type: "Ready", status: "True" }],
      nodeInfo: { osImage: `Talos (${version})` },
    },
  };
}

/** Facts of a ready worker. */
export function facts(name: string, more: Partial<NodeFacts> = {}): NodeFacts {
  return {
    ...{ name, address: "10.0.0.1", version: "v1.0.0", ready: true, open: true },
    ...{ controlPlane: false, ...more },
  };
}

/** A node that runs the first release. */
export const BEFORE: Sight = {
  ...{ version: "v1.0.0", slot: "A", state: "permanent", message: "", bootId: "one" },
};

/** The same numbers below 1 each time, for a seed (a linear congruential generator). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
