/**
 * How a cluster of one node comes up: seconds from the start of the machine to each mark, from the
 * request to found it to a Ready node, and what this project's processes hold in memory then. Images
 * are pulled from a registry of this host. The baseline is the machine alone: from its start to the
 * first answer of its API.
 *
 * ```sh
 * deno run -A tests/bench/cluster.ts
 * ```
 *
 * @module
 */
import { bootstrap, type Cluster, NODE_NAME, startCluster } from "../boot/kubernetes.ts";
import { memoryByRole } from "./_memory.ts";
import { print } from "./_process.ts";

const LIMIT_MS = 45 * 60_000;
const POLL_MS = 500;

/** What comes one after the other. */
const MARKS: readonly (readonly [string, (cluster: Cluster) => Promise<boolean>])[] = [
  ["etcd", async ({ node }) => {
    const { messages } = await node.machine.serviceList({});
    return messages[0]?.services.find(({ id }) => id === "etcd")?.health?.healthy ?? false;
  }],
  ["apiserver", async ({ kubectl }) => await kubectl.print(["get", "--raw", "/readyz"]) === "ok"],
  ["nodeReady", async ({ kubectl }) => isTrue(await kubectl.get("node", NODE_NAME), "Ready")],
  ["coreDnsReady", async ({ kubectl }) => {
    const { items } = await kubectl.get("-n", "kube-system", "pods", "-l", "k8s-app=kube-dns");
    // deno-lint-ignore no-explicit-any
    return items.some((pod: any) => isTrue(pod, "Ready"));
  }],
];

// deno-lint-ignore no-explicit-any
function isTrue({ status }: any, condition: string): boolean {
  // deno-lint-ignore no-explicit-any
  return status.conditions?.some(({ type, status }: any) =>
    type === condition && status === "True"
  );
}

function seconds(from: number): number {
  return Math.round((performance.now() - from) / 100) / 10;
}

async function reach(
  cluster: Cluster,
  attempt: (cluster: Cluster) => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (!await attempt(cluster).catch(() => false)) {
    if (performance.now() > end) throw new Error("The cluster did not come up in time");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

await using cluster = await startCluster();
const start = cluster.startedAt;
await cluster.node.ready(LIMIT_MS);
const api = seconds(start);
await bootstrap(cluster);
const founded = performance.now();
const marks: Record<string, number> = {};
let foundedToReady = 0;
for (const [name, attempt] of MARKS) {
  await reach(cluster, attempt);
  marks[name] = seconds(start);
  if (name === "nodeReady") foundedToReady = seconds(founded);
}
const memory = await memoryByRole(cluster.node);
const anonymousKb = Object.values(memory).reduce((sum, one) => sum + one.anonymousKb, 0);
print({
  secondsFromStart: marks,
  bootstrapToNodeReady: foundedToReady,
  apiserverToCoreDns: Math.round((marks["coreDnsReady"]! - marks["apiserver"]!) * 10) / 10,
  memory,
  anonymousKb,
  baseline: { name: "the API of the machine", seconds: api },
  ratio: Math.round(marks["nodeReady"]! / api * 100) / 100,
});
