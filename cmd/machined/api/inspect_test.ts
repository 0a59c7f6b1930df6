import assert from "node:assert/strict";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import {
  ControllerEngine,
  exclusive,
  type Kind,
  MemoryState,
  strong,
  weak,
} from "$lib/cosi/mod.ts";
import { DependencyEdgeType, InspectService } from "$proto/inspect/inspect_pb.ts";
import { inspectService } from "./inspect.ts";

Deno.test("inspectService gives an edge for each output and input, with ids where they count", async () => {
  const kind = (name: string): Kind => ({ namespace: "test", type: `${name}.example.org` });
  const controllers = new ControllerEngine({ state: new MemoryState() });
  controllers.register({
    name: "test.Controller",
    inputs: [weak(kind("Configs"), "v1alpha1"), strong(kind("Pods"))],
    outputs: [exclusive(kind("Statuses"))],
    run: () => Promise.resolve(),
  });
  const client = createClient(
    InspectService,
    createRouterTransport((router) =>
      router.service(InspectService, inspectService({ controllers }))
    ),
  );
  const { messages } = await client.controllerRuntimeDependencies({});
  assert.deepEqual(
    messages[0]?.edges.map((edge) => [
      edge.controllerName,
      DependencyEdgeType[edge.edgeType],
      edge.resourceNamespace,
      edge.resourceType,
      edge.resourceId,
    ]),
    [
      ["test.Controller", "MANAGES", "test", "Statuses.example.org", ""],
      ["test.Controller", "WEAK", "test", "Configs.example.org", "v1alpha1"],
      ["test.Controller", "STRONG", "test", "Pods.example.org", ""],
    ],
  );
});
