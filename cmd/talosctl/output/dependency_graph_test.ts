import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { ControllerDependencyEdgeSchema, DependencyEdgeType } from "$proto/inspect/inspect_pb.ts";
import { dependencyGraph } from "./dependency_graph.ts";

const EDGES = [
  { edgeType: DependencyEdgeType.MANAGES, resourceType: "Out" },
  { edgeType: DependencyEdgeType.STRONG, resourceType: "In" },
  { edgeType: DependencyEdgeType.WEAK, resourceType: "Hint", resourceId: "one" },
].map((edge) =>
  create(ControllerDependencyEdgeSchema, {
    controllerName: 'net."Controller"',
    resourceNamespace: "ns",
    ...edge,
  })
);

Deno.test("dependencyGraph() draws controllers as boxes and types as notes", () => {
  assert.equal(
    dependencyGraph(EDGES),
    `digraph  {
\t
\t"net.\\"Controller\\""[shape="box"];
\t"ns:Out"[fillcolor="azure2",label="Out",shape="note",style="filled"];
\t"ns:In"[fillcolor="azure2",label="In",shape="note",style="filled"];
\t"ns:Hint:one"[fillcolor="azure2",label="Hint\\none",shape="note",style="filled"];
\t"net.\\"Controller\\""->"ns:Out"[style="solid"];
\t"ns:In"->"net.\\"Controller\\""[style="solid"];
\t"ns:Hint:one"->"net.\\"Controller\\""[style="dotted"];
}
`,
  );
});

Deno.test("dependencyGraph() draws the instances that exist instead of their types", () => {
  const graph = dependencyGraph(EDGES, [
    { namespace: "ns", type: "Out", id: "a" },
    { namespace: "ns", type: "Out", id: "b" },
    { namespace: "ns", type: "Hint", id: "two" },
    { namespace: "other", type: "In", id: "c" },
  ]);
  assert.match(graph, /->"ns:Out:a"\[style="solid"\];/);
  assert.match(graph, /->"ns:Out:b"\[style="solid"\];/);
  assert.doesNotMatch(graph, /two|"ns:In|other/);
});
