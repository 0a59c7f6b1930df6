import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { EventType, type Resource, ResourceSchema } from "$proto/resource/resource_pb.ts";
import { formatter } from "./resources.ts";

function resource(id: string, yaml: string, finalizers: string[] = []): Resource {
  return create(ResourceSchema, {
    metadata: {
      namespace: "runtime",
      type: "Services.v1alpha1.talos.dev",
      id,
      version: "2",
      phase: "running",
      finalizers,
    },
    spec: { yaml: new TextEncoder().encode(yaml) },
  });
}

const DEFINITION = resource(
  "services.v1alpha1.talos.dev",
  `displayType: Service
printColumns:
  - { name: Running, jsonPath: "{.running}" }
  - { name: Healthy, jsonPath: "{.healthy}" }
`,
);
const KUBELET = resource("kubelet", "running: true\nhealthy: false\n");

Deno.test("formatter() lists resources in a table with the columns of their definition", () => {
  const table = formatter("table", false);
  const text = table.definition(DEFINITION) + table.definition(DEFINITION) +
    table.row("n1", KUBELET) + table.row("n2", resource("a-much-longer-id", "{}")) + table.end();
  assert.equal(
    text,
    "NODE   NAMESPACE   TYPE      ID                 VERSION   RUNNING   HEALTHY\n" +
      "n1     runtime     Service   kubelet            2         true      false\n" +
      "n2     runtime     Service   a-much-longer-id   2                   \n",
  );
});

for (
  const { kind, column, yaml, cell } of [
    { kind: "MachineType", column: '"{@}"', yaml: "controlplane\n", cell: "controlplane" },
    { kind: "MachineType", column: '"{@}"', yaml: "", cell: "" },
    {
      kind: "StaticPodStatus",
      column: `'{.conditions[?(@.type=="Ready")].status}'`,
      yaml: "conditions:\n  - { type: Ready, status: 'True' }\n  - { type: Other, status: x }\n",
      cell: "True",
    },
    { kind: "Empty", column: '"{.a.b[0]}"', yaml: "{}\n", cell: "" },
  ]
) {
  Deno.test(`formatter() shows "${cell}" in the column ${column} of a ${kind}`, () => {
    const table = formatter("table", false);
    table.definition(resource(
      "x",
      `displayType: ${kind}\nprintColumns: [{ name: Shown, jsonPath: ${column} }]\n`,
    ));
    table.row("n1", resource("one", yaml));
    assert.equal(table.end().split("\n")[1]?.split(/ {3,}/)[5], cell);
  });
}

Deno.test("formatter() names the column whose path a node got wrong", () => {
  const table = formatter("table", false);
  table.definition(resource("x", "printColumns: [{ name: Odd, jsonPath: '{.a[}' }]\n"));
  assert.throws(
    () => table.row("n1", KUBELET),
    /^Error: Cannot show column "Odd": its path "{\.a\[}" is malformed$/,
  );
});

Deno.test("formatter() marks the events of a watch and prints rows as they come", () => {
  const table = formatter("table", true);
  assert.equal(
    table.definition(DEFINITION),
    "NODE              *   NAMESPACE      TYPE               ID                         " +
      "VERSION   RUNNING   HEALTHY\n",
  );
  const marks = [EventType.CREATED, EventType.UPDATED, EventType.DESTROYED]
    .map((event) => table.row("n1", KUBELET, event).slice(18, 19));
  assert.deepEqual(marks, ["+", " ", "-"]);
  assert.equal(table.end(), "");
});

Deno.test("formatter() prints YAML with the comments of the spec", () => {
  const text = formatter("yaml", true).row(
    "n1",
    resource("x", "# why\nrunning: true # yes\nlist:\n  - 1\n", ['k8s.StaticPodStatus("a")']),
    EventType.CREATED,
  );
  assert.equal(
    text,
    `---
node: n1
event: created
metadata:
    namespace: runtime
    type: Services.v1alpha1.talos.dev
    id: x
    version: 2
    phase: running
    finalizers:
        - k8s.StaticPodStatus("a")
spec:
    # why
    running: true # yes
    list:
      - 1
`,
  );
});

Deno.test("formatter() keeps a spec that is a flow mapping on the line", () => {
  const text = formatter("yaml", false).row("n1", resource("x", "{}\n"));
  assert.match(text, /\nspec: \{\}\n$/);
});

Deno.test("formatter() prints JSON indented by four", () => {
  const text = formatter("json", false).row("n1", KUBELET);
  const value = JSON.parse(text);
  assert.deepEqual(value.spec, { running: true, healthy: false });
  assert.equal(value.node, "n1");
  assert.match(text, /^\{\n {4}"metadata": \{\n {8}"namespace": "runtime",\n/);
});

Deno.test("formatter() refuses other forms in the contract's words", () => {
  assert.throws(() => formatter("xml", false), { message: 'output format "xml" is not supported' });
});
