import { type HealthOptions, waitFor } from "./check_health.ts";
import type { KubeReader, Members, ServiceState } from "./cluster.ts";
import { membersOf } from "./kube_facts.ts";
import { serviceTrouble } from "./service_trouble.ts";

/** Who is asked which nodes there are, and who when there is no answer. */
export interface MemberSources {
  readonly kube: Pick<KubeReader, "nodes">;
  /** The services of the node that is talked to. */
  readonly services: () => Promise<readonly ServiceState[]>;
}

/** Without these a node brings no Kubernetes API up, or does not get into it. */
const FOUNDATIONS = ["etcd", "kubelet"];

/**
 * Waits until Kubernetes knows a node of the control plane; gives all nodes that it knows. Yields what
 * checks yield: while Kubernetes has no answer, that is its reason and what ails the node that is
 * talked to. @throws {Error} when the time is over, with the last reason
 */
export async function* findMembers(
  { kube, services }: MemberSources,
  options: HealthOptions,
): AsyncGenerator<string, Members> {
  let members: Members = { controlPlane: [], workers: [] };
  const check = {
    name: "control plane nodes to register",
    async fault() {
      const answer = await kube.nodes().then(membersOf, (error: unknown) => reasonOf(error));
      if (typeof answer === "string") return await withTrouble(answer, services);
      members = answer;
      if (members.controlPlane.length > 0) return undefined;
      return await withTrouble("Kubernetes knows none", services);
    },
  };
  yield* waitFor([check], options);
  return members;
}

async function withTrouble(reason: string, services: MemberSources["services"]): Promise<string> {
  const found = await services().catch(() => []);
  const troubles = FOUNDATIONS.flatMap((id) => {
    const trouble = serviceTrouble(found.find((service) => service.id === id));
    return trouble === undefined ? [] : [`service "${id}" ${trouble}`];
  });
  return [...troubles, reason].join("; ");
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
