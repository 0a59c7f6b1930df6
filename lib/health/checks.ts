import type { Cluster, KubePod } from "./cluster.ts";
import { condition, isNode, podReady, waitReason } from "./kube_facts.ts";
import { serviceTrouble } from "./service_trouble.ts";

/** Something that has to hold of a cluster. */
export interface Check {
  /** What is waited for: follows "waiting for". */
  readonly name: string;
  /** Why it does not hold, or undefined when it does; a throw is a reason too. */
  fault(cluster: Cluster): Promise<string | undefined>;
}

/** The checks in the order in which they can come true. */
export const CHECKS: readonly Check[] = [
  { name: "etcd to be healthy", fault: (cluster) => serviceFault(cluster, "etcd", controlPlane) },
  { name: "bootkube to finish", fault: bootkubeFault },
  { name: "apid to be ready", fault: apidFault },
  { name: "kubelet to be healthy", fault: (cluster) => serviceFault(cluster, "kubelet", everyone) },
  { name: "all nodes to finish boot sequence", fault: bootFault },
  { name: "all k8s nodes to report", fault: reportFault },
  { name: "all k8s nodes to report ready", fault: readyFault },
  { name: "all control plane components to be ready", fault: controlPlaneFault },
  { name: "kube-proxy to report ready", fault: proxyFault },
  { name: "coredns to report ready", fault: ({ kube }) => podsFault(kube.pods(DNS)) },
  { name: "all k8s nodes to report schedulable", fault: schedulableFault },
];

const DNS = "k8s-app=kube-dns";
const PROXY = "k8s-app=kube-proxy";
const COMPONENTS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;

const controlPlane = ({ members }: Cluster): readonly string[] => members.controlPlane;
const everyone = ({ members }: Cluster): string[] => [...members.controlPlane, ...members.workers];

async function serviceFault(
  cluster: Cluster,
  id: string,
  nodes: (cluster: Cluster) => readonly string[],
): Promise<string | undefined> {
  for (const node of nodes(cluster)) {
    const service = (await cluster.machine.services(node)).find((one) => one.id === id);
    const trouble = serviceTrouble(service);
    if (trouble !== undefined) return `${node}: service "${id}" ${trouble}`;
  }
  return undefined;
}

/** Only a control plane that Talos 0.8 made has bootkube; it ends when its work is done. */
async function bootkubeFault({ members, machine }: Cluster): Promise<string | undefined> {
  for (const node of members.controlPlane) {
    const bootkube = (await machine.services(node)).find(({ id }) => id === "bootkube");
    if (!bootkube || bootkube.state === "Finished" || bootkube.state === "Skipped") continue;
    return `${node}: service "bootkube" is ${bootkube.state}, not Finished`;
  }
  return undefined;
}

async function apidFault(cluster: Cluster): Promise<string | undefined> {
  for (const node of everyone(cluster)) await cluster.machine.ready(node);
  return undefined;
}

async function bootFault(cluster: Cluster): Promise<string | undefined> {
  for (const node of everyone(cluster)) {
    if (!await cluster.machine.booted(node)) return `${node}: the boot sequence is under way`;
  }
  return undefined;
}

async function reportFault(cluster: Cluster): Promise<string | undefined> {
  const nodes = await cluster.kube.nodes();
  const members = everyone(cluster);
  const missing = members.filter((member) => !nodes.some((node) => isNode(node, member)));
  if (missing.length > 0) return `not registered yet: ${list(missing)}`;
  const strangers = nodes.filter((node) => !members.some((member) => isNode(node, member)));
  if (strangers.length === 0) return undefined;
  return `${list(strangers.map(({ metadata }) => metadata.name))} registered unexpectedly`;
}

async function readyFault({ kube }: Cluster): Promise<string | undefined> {
  const nodes = await kube.nodes();
  const waiting = nodes.filter(({ status }) => !condition(status?.conditions, "Ready"));
  return waiting.length === 0
    ? undefined
    : `${list(waiting.map(({ metadata }) => metadata.name))} not ready`;
}

async function controlPlaneFault({ members, kube }: Cluster): Promise<string | undefined> {
  const nodes = await kube.nodes();
  const pods = await kube.pods("tier=control-plane");
  for (const member of members.controlPlane) {
    const name = nodes.find((node) => isNode(node, member))?.metadata.name ?? member;
    for (const component of COMPONENTS) {
      const found = pods.filter(({ metadata, spec }) =>
        spec?.nodeName === name && metadata.labels?.["k8s-app"] === component
      );
      if (found.length === 0) return `no pod of ${component} on ${name}`;
      if (found.some(podReady)) continue;
      return because(`${component} on ${name} is not ready`, found);
    }
  }
  return undefined;
}

/** kube-proxy can be switched off: manifests later than its own are there, its pods are not. */
async function proxyFault({ kube }: Cluster): Promise<string | undefined> {
  const pods = await kube.pods(PROXY);
  if (pods.length === 0 && (await kube.pods(DNS)).length > 0) return undefined;
  return await podsFault(Promise.resolve(pods));
}

async function podsFault(asked: Promise<readonly KubePod[]>): Promise<string | undefined> {
  const pods = await asked;
  if (pods.length === 0) return "there are no pods of it";
  const waiting = pods.filter((pod) => !podReady(pod));
  if (waiting.length === 0) return undefined;
  return because(`${list(waiting.map(({ metadata }) => metadata.name))} not ready`, waiting);
}

/** What is wrong with pods, with the first reason that one of them gives. */
function because(what: string, pods: readonly KubePod[]): string {
  const reason = pods.map(waitReason).find((reason) => reason !== "");
  return reason === undefined ? what : `${what}: ${reason}`;
}

async function schedulableFault({ kube }: Cluster): Promise<string | undefined> {
  const cordoned = (await kube.nodes()).filter(({ spec }) => spec?.unschedulable === true);
  return cordoned.length === 0
    ? undefined
    : `${list(cordoned.map(({ metadata }) => metadata.name))} cordoned`;
}

function list(names: readonly string[]): string {
  return names.toSorted().join(", ");
}
