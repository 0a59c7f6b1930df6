import assert from "node:assert/strict";
import { KubeError, type KubeObject, type Place } from "$lib/kube/mod.ts";
import { cordon, drain, isEvictable, uncordon } from "./drain.ts";

function pod(name: string, owner?: string, more: Partial<KubeObject["metadata"]> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "apps",
      ...(owner ? { ownerReferences: [{ kind: owner, name: "o" }] } : {}),
      ...more,
    },
    status: { phase: "Running" },
  };
}

const MIRROR = { annotations: { "kubernetes.io/config.mirror": "x" } };

for (
  const [what, object, want] of [
    ["of a ReplicaSet", pod("a", "ReplicaSet"), true],
    ["of a DaemonSet", pod("a", "DaemonSet"), false],
    ["of a static pod", pod("a", "Node", MIRROR), false],
    ["of nobody", pod("a"), false],
    ["that is over", { ...pod("a", "Job"), status: { phase: "Succeeded" } }, false],
  ] as const
) {
  Deno.test(`isEvictable() of a pod ${what} is ${want}`, () => {
    assert.equal(isEvictable(object), want);
  });
}

/** A node with these pods; each is gone after `lives` evictions, refused by its budget before. */
function fakePods(pods: KubeObject[], lives: number) {
  const evictions: string[] = [];
  const kube = {
    find: () => Promise.resolve(undefined),
    list: () => Promise.resolve({ items: pods, metadata: { resourceVersion: "1" } }),
    create(_type: unknown, { name = "" }: Place) {
      evictions.push(name);
      if (evictions.filter((evicted) => evicted === name).length < lives) {
        throw new KubeError(429, "TooManyRequests", "the budget allows none");
      }
      pods = pods.filter(({ metadata }) => metadata.name !== name);
      return Promise.resolve({});
    },
  };
  return { evictions, kube: kube as unknown as Parameters<typeof drain>[0] };
}

Deno.test("drain() asks again when a budget refuses, and is done when the pods are gone", async () => {
  const { kube, evictions } = fakePods([pod("a", "ReplicaSet"), pod("d", "DaemonSet")], 2);
  const lines: string[] = [];
  await drain(kube, "n", { signal: AbortSignal.timeout(60_000), log: (line) => lines.push(line) });
  assert.deepEqual(evictions, ["a", "a"]);
  assert.deepEqual(lines, ["evicted apps/a"]);
});

Deno.test("drain() that runs out of time names what is left", async () => {
  const { kube } = fakePods([pod("a", "ReplicaSet")], Infinity);
  await assert.rejects(
    drain(kube, "n", { signal: AbortSignal.timeout(50), log: () => {} }),
    /Cannot drain node "n" in time: apps\/a still run/,
  );
});

Deno.test("drain() moves the others while one pod cannot be evicted, and says why", async () => {
  const { kube, evictions } = fakePods([pod("a", "ReplicaSet"), pod("b", "ReplicaSet")], 1);
  const { create } = kube;
  let refusals = 2;
  kube.create = ((type: never, place: Place, ...rest: never[]) => {
    if (place.name !== "a" || refusals-- <= 0) {
      return create(type, place as never, ...rest as [never]);
    }
    return Promise.reject(new KubeError(500, "InternalError", "two budgets cover it"));
  }) as typeof create;
  const lines: string[] = [];
  await drain(kube, "n", { signal: AbortSignal.timeout(60_000), log: (line) => lines.push(line) });
  assert.deepEqual(evictions, ["b", "a"]);
  assert.match(lines[0] ?? "", /^cannot evict apps\/a yet: .*two budgets cover it/);
  assert.deepEqual(lines.slice(1), ["evicted apps/b", "evicted apps/a"]);
});

Deno.test("uncordon() ends what cordon() began, and leaves what somebody else did", async () => {
  let spec: Record<string, unknown> = {};
  let annotations: Record<string, string | null> = {};
  const kube = {
    find: () =>
      Promise.resolve({ kind: "Node", metadata: { name: "n", annotations }, spec } as never),
    patch(_type: unknown, _place: unknown, patch: { metadata: object; spec: object }) {
      annotations = { ...annotations, ...(patch.metadata as { annotations: object }).annotations };
      spec = { ...spec, ...patch.spec };
      return Promise.resolve({} as never);
    },
  };
  const signal = new AbortController().signal;
  await cordon(kube, "n", signal);
  assert.equal(spec["unschedulable"], true);
  assert.equal(await uncordon(kube, "n", signal), true);
  assert.equal(spec["unschedulable"], null);
  assert.equal(await uncordon(kube, "n", signal), false);
  spec = { unschedulable: true };
  await cordon(kube, "n", signal);
  assert.equal(await uncordon(kube, "n", signal), false);
  assert.equal(spec["unschedulable"], true);
});
