import assert from "node:assert/strict";
import { keptNode, memberships, nodeFacts } from "./members.ts";
import { testNode, testPool } from "./testing.ts";

Deno.test("memberships() gives a pool without a selector the nodes that are labelled with its name", () => {
  const nodes = [testNode("two", "a"), testNode("one", "a"), testNode("other", "b")];
  const { members, contested } = memberships([testPool({})], nodes).get("a")!;
  assert.deepEqual(members.map(({ name }) => name), ["one", "two"]);
  assert.deepEqual(contested, []);
});

Deno.test("memberships() gives a node that two pools select to neither", () => {
  const everything = testPool({ nodeSelector: {} }, { metadata: { name: "all" } });
  const of = memberships([testPool({}), everything], [testNode("one", "a"), testNode("two", "b")]);
  assert.deepEqual(of.get("a"), { members: [], contested: ["one (all)"] });
  assert.deepEqual(of.get("all")!.members.map(({ name }) => name), ["two"]);
  assert.deepEqual(of.get("all")!.contested, ["one (a)"]);
});

Deno.test("nodeFacts() reads the release from what the kubelet says of its system", () => {
  assert.equal(nodeFacts(testNode("one", "a", "v0.1.0-beta.1")).version, "v0.1.0-beta.1");
  const node = testNode("one", "a");
  const debian = { ...node, status: { ...node.status, nodeInfo: { osImage: "Debian 12" } } };
  assert.equal(nodeFacts(debian).version, "");
  assert.deepEqual(nodeFacts({ metadata: { name: "new" } }), {
    ...{ name: "new", address: "", version: "", ready: false, open: true, controlPlane: false },
  });
});

Deno.test("keptNode() keeps all that facts are made of, and nothing else", () => {
  const node = { apiVersion: "v1", kind: "Node", ...testNode("one", "a") };
  const images = Array.from({ length: 50 }, (_, at) => ({ names: [`image-${at}`], sizeBytes: 1 }));
  const kept = keptNode({ ...node, status: { ...node.status, images } });
  assert.deepEqual(nodeFacts(kept), nodeFacts(node));
  assert.deepEqual(kept.metadata.labels, node.metadata.labels);
  assert.ok(JSON.stringify(kept).length < 400);
  const cordoned = keptNode({ ...node, spec: { unschedulable: true } });
  assert.equal(nodeFacts(cordoned).open, false);
});
