/**
 * How a cluster of one node comes up, and comes back. First it is founded on a machine that pulls all
 * images: seconds from the start of the machine to each mark, and what this project's processes hold in
 * memory then; the baseline is the machine alone, to the first answer of its API. Then the machine
 * reboots, beside a plain script that starts the same programs from a copy of the same disk. Seconds
 * count from the first line of the kernel there.
 *
 * ```sh
 * deno run -A tests/bench/cluster.ts
 * ```
 *
 * @module
 */
import { join } from "node:path";
import { run } from "../../mkimage/run.ts";
import {
  bootstrap,
  type Cluster,
  NODE_NAME,
  startCluster,
  untilHealthy,
} from "../boot/kubernetes.ts";
import { BOOT_MS } from "../boot/node.ts";
import type { Vm } from "../boot/vm.ts";
import { memoryByRole } from "./_memory.ts";
import { PLAIN_ETCD_SERVES, record, startPlainNode } from "./_plain_node.ts";
import { print } from "./_process.ts";

const LIMIT_MS = 45 * 60_000;
const POLL_MS = 500;
const KERNEL = /Linux version/;

/** Whether a mark is reached by what was started since the time `since`, milliseconds of the epoch. */
type Reached = (cluster: Cluster, since: number) => Promise<boolean>;

const etcdHealthy: Reached = async ({ node }) => {
  const { messages } = await node.machine.serviceList({});
  return messages[0]?.services.find(({ id }) => id === "etcd")?.health?.healthy ?? false;
};

/** What Kubernetes tells, one after the other. */
const MARKS: readonly (readonly [string, Reached])[] = [
  ["apiserver", async ({ kubectl }) => await kubectl.print(["get", "--raw", "/readyz"]) === "ok"],
  ["nodeReady", async ({ kubectl }, since) => {
    const ready = conditionOf(await kubectl.get("node", NODE_NAME), "Ready");
    return ready?.status === "True" && Date.parse(ready.lastHeartbeatTime) >= since;
  }],
  ["coreDnsReady", async ({ kubectl }, since) => {
    const { items } = await kubectl.get("-n", "kube-system", "pods", "-l", "k8s-app=kube-dns");
    // deno-lint-ignore no-explicit-any
    return items.some((pod: any) => {
      const running = pod.status.containerStatuses?.[0]?.state.running;
      return conditionOf(pod, "Ready")?.status === "True" &&
        Date.parse(running?.startedAt) >= since;
    });
  }],
];

// deno-lint-ignore no-explicit-any
function conditionOf({ status }: any, wanted: string): any {
  // deno-lint-ignore no-explicit-any
  return status.conditions?.find(({ type }: any) => type === wanted);
}

/** Seconds since `from` of `performance.now()`. */
function seconds(from: number): number {
  return Math.round((performance.now() - from) / 100) / 10;
}

async function reach(attempt: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (!await attempt().catch(() => false)) {
    if (performance.now() > end) throw new Error("The cluster did not come up in time");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Seconds from `start` to each mark that Kubernetes tells; `then` is called after each. */
async function marksOf(
  cluster: Cluster,
  start: number,
  then: (mark: string) => void | Promise<void> = () => {},
): Promise<Record<string, number>> {
  // Kubernetes' times are whole seconds.
  const since = Date.now() - (performance.now() - start) - 1000;
  const marks: Record<string, number> = {};
  for (const [name, reached] of MARKS) {
    await reach(() => reached(cluster, since));
    marks[name] = seconds(start);
    await then(name);
  }
  return marks;
}

/** Founds the cluster and prints how long it took. */
async function found(cluster: Cluster): Promise<void> {
  const start = cluster.startedAt;
  await cluster.node.ready(LIMIT_MS);
  const api = seconds(start);
  await bootstrap(cluster);
  const founded = performance.now();
  await reach(() => etcdHealthy(cluster, 0));
  const etcd = seconds(start);
  let foundedToReady = 0;
  const marks = await marksOf(cluster, start, (mark) => {
    if (mark === "nodeReady") foundedToReady = seconds(founded);
  });
  const memory = await memoryByRole(cluster.node);
  print({
    case: "founded",
    secondsFromStart: { etcd, ...marks },
    bootstrapToNodeReady: foundedToReady,
    apiserverToCoreDns: Math.round((marks["coreDnsReady"]! - marks["apiserver"]!) * 10) / 10,
    memory,
    anonymousKb: Object.values(memory).reduce((sum, one) => sum + one.anonymousKb, 0),
    baseline: { name: "the API of the machine", seconds: api },
    ratio: Math.round(marks["nodeReady"]! / api * 100) / 100,
  });
}

/** Reboots the node and measures how it comes back; `atKernel` runs while the machine stands still. */
async function reboot(
  cluster: Cluster,
  atKernel: () => Promise<void>,
): Promise<Record<string, number>> {
  const { vm } = cluster.node;
  const from = (await vm.console()).length;
  await cluster.talosctl.print(["reboot"]);
  await vm.until(KERNEL, BOOT_MS, from);
  await vm.monitor("stop");
  await atKernel();
  const start = performance.now();
  await vm.monitor("cont");
  await reach(() => etcdHealthy(cluster, 0));
  const etcd = seconds(start);
  return { etcd, ...await marksOf(cluster, start) };
}

/** Measures how the script brings the node up from `disk`. */
async function plain(
  cluster: Cluster,
  start: () => Promise<{ readonly vm: Vm; apiServerReady(): Promise<void> }>,
): Promise<Record<string, number>> {
  const { vm, apiServerReady } = await start();
  await using _ = vm;
  await vm.until(KERNEL, BOOT_MS);
  const began = performance.now();
  await vm.until(PLAIN_ETCD_SERVES, BOOT_MS);
  const etcd = seconds(began);
  const marks = await marksOf(cluster, began, async (mark) => {
    if (mark === "apiserver") await apiServerReady();
  });
  return { etcd, ...marks };
}

await using cluster = await startCluster();
await found(cluster);
await untilHealthy(cluster);
const recording = await record(cluster.node);
const directory = await Deno.makeTempDir({ prefix: "bench-cluster-" });
try {
  const disk = join(directory, "var.img");
  const ours = await reboot(
    cluster,
    async () => void await run("cp", ["--sparse=always", cluster.disk, disk]),
  );
  await cluster.node.vm[Symbol.asyncDispose]();
  const script = await plain(
    cluster,
    () => startPlainNode(cluster, recording, disk, directory),
  );
  print({
    case: "restarted",
    secondsFromKernel: ours,
    baseline: { name: "a plain script", secondsFromKernel: script },
    ratio: Object.fromEntries(
      Object.entries(ours).map(([mark, at]) => [mark, Math.round(at / script[mark]! * 100) / 100]),
    ),
    goalRatio: 1.3,
  });
} finally {
  await Deno.remove(directory, { recursive: true });
}
