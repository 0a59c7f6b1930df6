import assert from "node:assert/strict";
import { bootFinished, checkHealth, CHECKS, findMembers, membersOf } from "./mod.ts";
import { readyNode, readyPod, WellCluster } from "./testing.ts";

const quick = { timeoutMs: 0, pollMs: 1, signal: new AbortController().signal };

async function verdict(change: (cluster: WellCluster) => void): Promise<string> {
  const cluster = new WellCluster();
  change(cluster);
  const lines: string[] = [];
  try {
    for await (const line of checkHealth(cluster, quick)) lines.push(line);
  } catch {
    return lines.at(-1) ?? "";
  }
  return "well";
}

Deno.test("checkHealth() tells each check twice when all is well", async () => {
  const lines = await Array.fromAsync(checkHealth(new WellCluster(), quick));
  assert.deepEqual(
    lines,
    CHECKS.flatMap(({ name }) => [`waiting for ${name}: ...`, `waiting for ${name}: OK`]),
  );
});

const CASES: readonly (readonly [string, (cluster: WellCluster) => void])[] = [
  [
    'etcd to be healthy: 10.0.0.1: service "etcd" is not registered',
    (c) => c.services.splice(1, 1),
  ],
  [
    'etcd to be healthy: 10.0.0.1: service "etcd" is Preparing, not Running',
    (c) => c.services[1] = { ...c.services[1]!, state: "Preparing" },
  ],
  [
    'etcd to be healthy: 10.0.0.1: service "etcd" is Waiting, not Running: no such image',
    (c) => c.services[1] = { ...c.services[1]!, state: "Waiting", event: "no such image" },
  ],
  [
    'etcd to be healthy: 10.0.0.1: service "etcd" is not healthy: no leader',
    (c) => c.services[1] = { ...c.services[1]!, healthy: false, message: "no leader" },
  ],
  [
    'kubelet to be healthy: 10.0.0.1: service "kubelet" has not been checked yet',
    (c) => c.services[2] = { ...c.services[2]!, healthy: undefined },
  ],
  [
    'bootkube to finish: 10.0.0.1: service "bootkube" is Running, not Finished',
    (c) => c.services.push({ id: "bootkube", state: "Running", healthy: true, message: "" }),
  ],
  [
    "apid to be ready: Cannot reach 10.0.0.1",
    (c) => c.machine.ready = () => Promise.reject(new Error("Cannot reach\n\t10.0.0.1")),
  ],
  [
    "all nodes to finish boot sequence: 10.0.0.1: the boot sequence is under way",
    (c) => c.bootedNodes = false,
  ],
  ["all k8s nodes to report: not registered yet: 10.0.0.2", (c) => c.nodes.pop()],
  [
    "all k8s nodes to report: other registered unexpectedly",
    (c) => c.nodes.push(readyNode("other", "10.0.0.3")),
  ],
  [
    "all k8s nodes to report ready: cp-1 not ready",
    (c) => c.nodes[0] = { ...c.nodes[0]!, status: { ...c.nodes[0]!.status!, conditions: [] } },
  ],
  [
    "all control plane components to be ready: no pod of kube-apiserver on cp-1",
    (c) => c.pods.shift(),
  ],
  [
    "all control plane components to be ready: kube-scheduler on cp-1 is not ready",
    (c) => c.pods[2] = { ...c.pods[2]!, status: {} },
  ],
  [
    "all control plane components to be ready: kube-scheduler on cp-1 is not ready: " +
    "ImagePullBackOff: no such image",
    (c) => {
      const waiting = { reason: "ImagePullBackOff", message: "no such image" };
      c.pods[2] = { ...c.pods[2]!, status: { containerStatuses: [{ state: { waiting } }] } };
    },
  ],
  [
    "kube-proxy to report ready: kube-proxy-x not ready",
    (c) => c.pods[3] = { ...c.pods[3]!, status: {} },
  ],
  ["coredns to report ready: there are no pods of it", (c) => c.pods.pop()],
  [
    "all k8s nodes to report schedulable: worker-1 cordoned",
    (c) => c.nodes[1] = { ...c.nodes[1]!, spec: { unschedulable: true } },
  ],
];

for (const [want, change] of CASES) {
  Deno.test(`checkHealth() ends at "${want}"`, async () => {
    assert.equal(await verdict(change), `waiting for ${want}`);
  });
}

Deno.test("checkHealth() takes a cluster without kube-proxy for well", async () => {
  assert.equal(await verdict((c) => c.pods.splice(3, 1)), "well");
});

Deno.test("checkHealth() takes a pod that goes for one that is not ready", async () => {
  const want = "waiting for coredns to report ready: coredns-y not ready";
  const going = readyPod("coredns-y", "kube-dns");
  const metadata = { ...going.metadata, deletionTimestamp: "2026-01-02T03:04:05Z" };
  assert.equal(await verdict((c) => c.pods.push({ ...going, metadata })), want);
});

Deno.test("checkHealth() tells each new reason once, and the last when the time is over", async () => {
  const cluster = new WellCluster();
  let asked = 0;
  const check = { name: "x", fault: () => Promise.resolve(`reason ${Math.trunc(asked++ / 3)}`) };
  const lines: string[] = [];
  const clock = {
    now: () => 0,
    monotonic: () => asked * 1_000,
    sleep: () => Promise.resolve(),
  };
  await assert.rejects(async () => {
    const options = { ...quick, timeoutMs: 7_000, checks: [check], clock };
    for await (const line of checkHealth(cluster, options)) lines.push(line);
  }, /^Error: Cannot confirm health: waited 7 s, last for x: reason 2$/);
  assert.deepEqual(
    lines,
    ["...", "reason 0", "reason 1", "reason 2"].map((r) => `waiting for x: ${r}`),
  );
});

Deno.test("checkHealth() ends when it is told to", async () => {
  const stop = new AbortController();
  const cluster = new WellCluster();
  cluster.services = [];
  const options = { timeoutMs: 60_000, pollMs: 60_000, signal: stop.signal };
  await assert.rejects(async () => {
    for await (const line of checkHealth(cluster, options)) {
      if (line.includes("registered")) setTimeout(() => stop.abort(new Error("enough")), 1);
    }
  }, /enough/);
});

for (
  const [want, ...marks] of [
    [true],
    [true, "boot start", "boot stop"],
    [false, "boot stop", "boot start"],
    [false, "initialize start", "initialize stop"],
    [true, "reboot start", "boot start", "boot stop", "bootstrap start"],
  ] as const
) {
  Deno.test(`bootFinished() is ${want} after ${marks.join(", ") || "nothing"}`, () => {
    const read = marks.map((mark) => {
      const [sequence = "", action] = mark.split(" ");
      return { sequence, action: action as "start" | "stop" };
    });
    assert.equal(bootFinished(read), want);
  });
}

Deno.test("membersOf() sorts nodes by their role and leaves out those without an address", () => {
  const cluster = new WellCluster();
  cluster.nodes.push({ metadata: { name: "new" } });
  assert.deepEqual(membersOf(cluster.nodes), cluster.members);
});

Deno.test("findMembers() tells what ails the node that is asked while Kubernetes has no answer", async () => {
  const cluster = new WellCluster();
  const lines: string[] = [];
  let asked = 0;
  const search = findMembers({
    kube: {
      async nodes() {
        if (++asked === 2) throw new Error("connection refused");
        return asked === 1 ? [] : cluster.nodes;
      },
    },
    services: async () => [{ ...cluster.services[1]!, healthy: false, message: "no leader" }],
  }, { ...quick, timeoutMs: 60_000 });
  let step = await search.next();
  for (; !step.done; step = await search.next()) lines.push(step.value);
  assert.deepEqual(step.value, cluster.members);
  const ailing = 'service "etcd" is not healthy: no leader; service "kubelet" is not registered';
  assert.deepEqual(lines, [
    "waiting for control plane nodes to register: ...",
    `waiting for control plane nodes to register: ${ailing}; Kubernetes knows none`,
    `waiting for control plane nodes to register: ${ailing}; connection refused`,
    "waiting for control plane nodes to register: OK",
  ]);
});
