import { type ControllerDependencyEdge, DependencyEdgeType } from "$proto/inspect/inspect_pb.ts";

/** A resource that exists right now. */
export interface Instance {
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
}

/**
 * The graph of controllers (boxes) and resources (notes) in graphviz' language: a solid edge from a
 * controller to what it manages, from a resource to who depends on it strongly; dotted where the
 * dependency is weak. With `instances` a note stands for a resource, else for a type.
 */
export function dependencyGraph(
  edges: readonly ControllerDependencyEdge[],
  instances?: readonly Instance[],
): string {
  const controllers = new Set(edges.map(({ controllerName }) => controllerName));
  const resources = new Map<string, string>();
  const lines: string[] = [];
  for (const edge of edges) {
    for (const target of targetsOf(edge, instances)) {
      resources.set(target.id, target.label);
      lines.push(`\t${edgeLine(edge, target.id)}`);
    }
  }
  return [
    "digraph  {",
    "\t",
    ...[...controllers].map((name) => `\t${quote(name)}[shape="box"];`),
    ...[...resources].map(([id, label]) =>
      `\t${quote(id)}[fillcolor="azure2",label=${quote(label)},shape="note",style="filled"];`
    ),
    ...lines,
    "}",
    "",
  ].join("\n");
}

function edgeLine(
  { controllerName, edgeType }: ControllerDependencyEdge,
  resource: string,
): string {
  const controller = quote(controllerName);
  switch (edgeType) {
    case DependencyEdgeType.MANAGES:
      return `${controller}->${quote(resource)}[style="solid"];`;
    case DependencyEdgeType.STRONG:
      return `${quote(resource)}->${controller}[style="solid"];`;
    default:
      return `${quote(resource)}->${controller}[style="dotted"];`;
  }
}

function targetsOf(
  edge: ControllerDependencyEdge,
  instances: readonly Instance[] | undefined,
): { id: string; label: string }[] {
  const { resourceNamespace: namespace, resourceType: type, resourceId } = edge;
  const kind = `${namespace}:${type}`;
  if (!instances) {
    const id = resourceId === "" ? kind : `${kind}:${resourceId}`;
    return [{ id, label: resourceId === "" ? type : `${type}\n${resourceId}` }];
  }
  return instances
    .filter((i) => i.namespace === namespace && i.type === type)
    .filter(({ id }) => resourceId === "" || id === resourceId)
    .map(({ id }) => ({ id: `${kind}:${id}`, label: `${type}\n${id}` }));
}

function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
