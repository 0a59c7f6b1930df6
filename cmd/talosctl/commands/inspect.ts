import { flag, group } from "$lib/cli/mod.ts";
import { InspectService } from "$proto/inspect/inspect_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import type { Client } from "../client/client.ts";
import { dependencyGraph, type Instance } from "../output/dependency_graph.ts";
import { command, type Session } from "../session.ts";

const dependenciesCommand = command({
  summary: "Inspect controller-resource dependencies as graphviz graph.",
  description: `Inspect controller-resource dependencies as graphviz graph.

Pipe the output of the command through the "dot" program (part of graphviz package)
to render the graph:

    talosctl inspect dependencies | dot -Tpng > graph.png`,
  flags: {
    withResources: flag.boolean("display live resource information with dependencies"),
  },
  async run({ withResources }, session: Session) {
    const client = await session.oneNodeClient("inspect dependencies");
    const answers = await client.unary(
      InspectService.method.controllerRuntimeDependencies,
      {},
    );
    const edges = answers.flatMap(({ message }) => message.edges);
    const instances = withResources ? await instancesOf(client, edges) : undefined;
    session.out.write(dependencyGraph(edges, instances));
  },
});

/** `talosctl inspect` */
export const inspectCommand = group<Session>({
  summary: "Inspect internals of Talos",
  children: [{ names: ["dependencies"], load: () => Promise.resolve(dependenciesCommand) }],
});

async function instancesOf(
  client: Client,
  edges: readonly { readonly resourceNamespace: string; readonly resourceType: string }[],
): Promise<Instance[]> {
  const kinds = new Map(
    edges.map((edge) => [`${edge.resourceNamespace}/${edge.resourceType}`, edge]),
  );
  const found: Instance[] = [];
  for (const { resourceNamespace: namespace, resourceType: type } of kinds.values()) {
    const stream = client.stream(ResourceService.method.list, { namespace, type });
    for await (const { message: { resource } } of stream) {
      if (resource?.metadata) found.push({ namespace, type, id: resource.metadata.id });
    }
  }
  return found;
}
