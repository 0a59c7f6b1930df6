import { checkHealth, findMembers, type Members } from "$lib/health/mod.ts";
import type { Client } from "../client/client.ts";
import { KubeAccess } from "./kube_access.ts";
import { machineReader } from "./machine_reader.ts";

/** What is checked from this side of the wire. */
export interface ClientHealth {
  readonly client: Client;
  /** Calls to one member. */
  readonly of: (member: string) => Client;
  /** Empty lists ask Kubernetes which nodes there are. */
  readonly members: Members;
  readonly k8sEndpoint: string;
  readonly timeoutMs: number;
}

/** The lines of progress of the checks, made by this program. @throws {Error} on a cluster that is not well */
export async function* clientHealth(health: ClientHealth): AsyncGenerator<string> {
  const { client, of, k8sEndpoint, timeoutMs } = health;
  const started = performance.now();
  using kube = new KubeAccess(client, k8sEndpoint);
  const options = () => ({
    timeoutMs: Math.max(0, timeoutMs - (performance.now() - started)),
    signal: client.signal,
  });
  const services = () => machineReader(() => client).services("");
  const named = health.members.controlPlane.length + health.members.workers.length > 0;
  const members = named
    ? health.members
    : yield* findMembers({ kube: kube.reader, services }, options());
  yield* checkHealth({ members, machine: machineReader(of), kube: kube.reader }, options());
}
