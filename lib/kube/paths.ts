/** Where objects of one kind are found. */
export interface ResourceType {
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string;
  /** `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** The types that this program names itself, so that they need no look-up. */
export const TYPES = {
  nodes: { apiVersion: "v1", plural: "nodes", namespaced: false },
  pods: { apiVersion: "v1", plural: "pods", namespaced: true },
  endpoints: { apiVersion: "v1", plural: "endpoints", namespaced: true },
  daemonSets: { apiVersion: "apps/v1", plural: "daemonsets", namespaced: true },
  events: { apiVersion: "v1", plural: "events", namespaced: true },
  leases: { apiVersion: "coordination.k8s.io/v1", plural: "leases", namespaced: true },
  deployments: { apiVersion: "apps/v1", plural: "deployments", namespaced: true },
} as const satisfies Record<string, ResourceType>;

/** Which objects are meant: one, those of a namespace, or all of a type. */
export interface Place {
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** `/api/v1` or `/apis/apps/v1`. */
export function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** The path of objects. Namespaced objects that name no namespace are in `default`. */
export function objectPath(type: ResourceType, { namespace, name, subresource }: Place): string {
  const inside = namespace ?? (name === undefined ? undefined : "default");
  return [
    groupPath(type.apiVersion),
    ...(type.namespaced && inside !== undefined ? ["namespaces", segment(inside)] : []),
    type.plural,
    ...(name === undefined ? [] : [segment(name)]),
    ...(subresource === undefined ? [] : [subresource]),
  ].join("/");
}

function segment(text: string): string {
  return encodeURIComponent(text);
}

/** `?a=b&c=d` of what is set, or nothing. */
export function query(parameters: Readonly<Record<string, string | undefined>>): string {
  const set = Object.entries(parameters).filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  );
  return set.length === 0 ? "" : `?${new URLSearchParams(set)}`;
}
