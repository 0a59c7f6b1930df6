import assert from "node:assert/strict";
import type { KubeObject } from "$lib/kube/mod.ts";
import { controlPlanePatch } from "./node_role.ts";

const MASTER = { key: "node-role.kubernetes.io/master", effect: "NoSchedule" };
const NOT_READY = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };
const LABELS = {
  "node-role.kubernetes.io/master": "",
  "node-role.kubernetes.io/control-plane": "",
};

function node(labels: Record<string, string>, taints: readonly unknown[] = []): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "a", labels, resourceVersion: "7" },
    spec: { taints },
  };
}

Deno.test("controlPlanePatch() labels a new node and keeps workloads off it", () => {
  assert.deepEqual(controlPlanePatch(node({}, [NOT_READY]), { schedulable: false }), {
    metadata: { resourceVersion: "7", labels: LABELS },
    spec: { taints: [NOT_READY, MASTER] },
  });
});

Deno.test("controlPlanePatch() lets workloads on when the configuration does", () => {
  const patch = controlPlanePatch(node(LABELS, [MASTER, NOT_READY]), { schedulable: true });
  assert.deepEqual(patch?.spec.taints, [NOT_READY]);
});

Deno.test("controlPlanePatch() has nothing to say of a node that is as it should be", () => {
  assert.equal(controlPlanePatch(node(LABELS, [MASTER]), { schedulable: false }), undefined);
  assert.equal(controlPlanePatch(node(LABELS), { schedulable: true }), undefined);
});
