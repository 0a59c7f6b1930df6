import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { WellCluster } from "$lib/health/testing.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { denoHost } from "../deno_host.ts";
import { TestNode, testPki } from "../testing/cluster.ts";
import { TestKube } from "../testing/kube.ts";
import { kubeOf, machineOf } from "../testing/well_cluster.ts";
import { type BringUp, bringUp } from "./bring_up.ts";
import { markProcess } from "./process.ts";

/** A cluster of one node. */
function oneNode(): WellCluster {
  const cluster = new WellCluster();
  cluster.nodes.pop();
  return cluster;
}

interface Bringing {
  readonly lines: string[];
  readonly calls: string[];
  readonly folder: string;
  /** Stands for QEMU. */
  readonly machine: Deno.ChildProcess;
}

async function bringing(
  cluster: WellCluster,
  how: Partial<Pick<BringUp, "until" | "nodes" | "timeoutMs">>,
  test: (at: Bringing, up: Promise<unknown>) => unknown,
): Promise<void> {
  const lines: string[] = [];
  const calls: string[] = [];
  await using kube = await TestKube.start(kubeOf(cluster));
  const pki = await testPki();
  await using node = await TestNode.start(pki, (router) =>
    router.service(MachineService, {
      ...machineOf(cluster, kube.kubeconfig),
      bootstrap: () => {
        calls.push("bootstrap");
        if (calls.length > 1) throw new ConnectError("it is under way", Code.AlreadyExists);
        throw new ConnectError("the node is starting", Code.FailedPrecondition);
      },
    }));
  const folder = await Deno.makeTempDir();
  const machine = new Deno.Command("sleep", { args: ["600"] }).spawn();
  const up = bringUp(denoHost({ HOME: folder }, { out: () => {}, err: () => {} }), {
    bootstraps: true,
    crashdump: true,
    kubeconfig: `${folder}/.kube/config`,
    until: "healthy",
    timeoutMs: 30_000,
    signal: new AbortController().signal,
    say: (line) => lines.push(line),
    nodes: [{ name: "cp-1", type: "controlplane", ip: "10.0.0.1" }],
    k8sEndpoint: "",
    target: {
      endpoints: [node.endpoint],
      nodes: [],
      ...{ ca: pki.ca.crt, cert: pki.client.crt, key: pki.client.key },
    },
    machines: [await markProcess("qemu", machine.pid)],
    ...how,
  });
  try {
    await test({ lines, calls, folder, machine }, up);
  } finally {
    try {
      machine.kill("SIGKILL");
    } catch {
      // The test has ended it.
    }
    await machine.status;
    await up.catch(() => {});
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("bringUp() bootstraps, waits until all is well and merges the kubeconfig", async () => {
  await bringing(oneNode(), {}, async ({ lines, calls, folder }, up) => {
    const path = `${folder}/.kube/config`;
    assert.deepEqual(await up, { path, context: "admin@test" });
    assert.deepEqual(calls, ["bootstrap", "bootstrap"]);
    assert.deepEqual(lines.slice(0, 3), [
      "bootstrapping cp-1",
      "waiting for etcd to be healthy: ...",
      "waiting for etcd to be healthy: OK",
    ]);
    assert.deepEqual(lines.slice(-2), [
      "waiting for all k8s nodes to report schedulable: OK",
      `merging kubeconfig into "${path}"`,
    ]);
    assert.match(await Deno.readTextFile(path), /current-context: admin@test\n/);
  });
});

Deno.test("bringUp() goes no further than bootstrapping when that is all", async () => {
  await bringing(oneNode(), { until: "bootstrapped" }, async ({ lines, calls }, up) => {
    assert.equal(await up, undefined);
    assert.deepEqual([lines, calls.length], [["bootstrapping cp-1"], 2]);
  });
});

Deno.test("bringUp() gives up when the machine ends, and says so", async () => {
  const cluster = oneNode();
  cluster.services = [];
  await assert.rejects(
    bringing(cluster, {}, async ({ machine }, up) => {
      machine.kill("SIGKILL");
      await up;
    }),
    /the machine has stopped/,
  );
});

Deno.test("bringUp() tells all there is about each node when Kubernetes does not come up", async () => {
  const cluster = new WellCluster();
  cluster.services = [];
  const nodes = [
    { name: "cp-1", type: "controlplane", ip: "10.0.0.1" },
    { name: "worker-1", type: "join", ip: "10.0.0.2" },
  ] as const;
  await bringing(cluster, { nodes, timeoutMs: 1_000 }, async ({ lines }, up) => {
    await assert.rejects(up, /Cannot confirm health: .*etcd/);
    for (const { name } of nodes) assert.ok(lines.some((line) => line.includes(`${name}\n===`)));
  });
});
