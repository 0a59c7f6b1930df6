import assert from "node:assert/strict";
import { CHECKS } from "$lib/health/mod.ts";
import { WellCluster } from "$lib/health/testing.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import type { Client } from "../client/client.ts";
import { makeClient } from "../client/mod.ts";
import { TestNode, testPki } from "../testing/cluster.ts";
import { type KubeHandler, TestKube } from "../testing/kube.ts";
import { kubeOf, machineOf } from "../testing/well_cluster.ts";
import { clientHealth } from "./client_health.ts";
import { runE2eTests } from "./e2e.ts";
import { kubeUrl } from "./kube_access.ts";

async function calling(
  cluster: WellCluster,
  handler: KubeHandler,
  test: (client: Client) => Promise<void>,
): Promise<void> {
  await using kube = await TestKube.start(handler);
  const pki = await testPki();
  const impl = machineOf(cluster, kube.kubeconfig);
  await using node = await TestNode.start(pki, (router) => router.service(MachineService, impl));
  const identity = { ca: pki.ca.crt, cert: pki.client.crt, key: pki.client.key };
  const { signal } = new AbortController();
  using client = makeClient({ endpoints: [node.endpoint], nodes: ["a"], ...identity }, {
    dialMs: 5_000,
    signal,
  });
  await test(client);
}

function healthOf(client: Client, timeoutMs = 60_000): AsyncGenerator<string> {
  const members = { controlPlane: [], workers: [] };
  const of = (node: string) => client.only(node);
  return clientHealth({ client, of, members, k8sEndpoint: "", timeoutMs });
}

Deno.test("clientHealth() finds the nodes in Kubernetes and checks each over its own calls", async () => {
  const cluster = new WellCluster();
  await calling(cluster, kubeOf(cluster), async (client) => {
    const lines = await Array.fromAsync(healthOf(client));
    assert.deepEqual(
      lines.filter((line) => line.endsWith(": OK")),
      ["control plane nodes to register", ...CHECKS.map(({ name }) => name)]
        .map((name) => `waiting for ${name}: OK`),
    );
  });
});

Deno.test("clientHealth() says so when no control plane is to be found", async () => {
  const cluster = new WellCluster();
  cluster.nodes = [];
  await calling(cluster, kubeOf(cluster), async (client) => {
    await assert.rejects(
      Array.fromAsync(healthOf(client, 0)),
      /control plane nodes to register: Kubernetes knows none/,
    );
  });
});

Deno.test("clientHealth() tells a node's unhealthy service as the reason", async () => {
  const cluster = new WellCluster();
  cluster.services[2] = { id: "kubelet", state: "Running", healthy: false, message: "refused" };
  await calling(cluster, kubeOf(cluster), async (client) => {
    await assert.rejects(
      Array.fromAsync(healthOf(client, 1_000)),
      /kubelet to be healthy: 10.0.0.1: service "kubelet" is not healthy: refused/,
    );
  });
});

for (
  const [phase, want] of [["Succeeded", undefined], ["Failed", /the pod ended as Failed/]] as const
) {
  Deno.test(`runE2eTests() follows a pod until it is ${phase}`, async () => {
    const cluster = new WellCluster();
    cluster.nodes[0] = {
      ...cluster.nodes[0]!,
      status: { nodeInfo: { kubeletVersion: "v1.35.4" } },
    };
    const made: string[] = [];
    const phases = ["Pending", "Running", phase];
    const handler: KubeHandler = async (call) => {
      if (call.method === "POST") {
        const { kind } = JSON.parse(call.body);
        made.push(kind);
        return {};
      }
      if (call.method === "DELETE") return {};
      if (call.path === "/api/v1/namespaces/talos-e2e/pods/e2e" && made.includes("Pod")) {
        return { metadata: { name: "e2e" }, status: { phase: phases.shift() } };
      }
      return await kubeOf(cluster)(call);
    };
    await calling(cluster, handler, async (client) => {
      const lines: string[] = [];
      const say = (line: string): void => void lines.push(line);
      const run = runE2eTests({ client, k8sEndpoint: "", say, pollMs: 1 });
      await (want ? assert.rejects(run, want) : run);
      assert.deepEqual(made, ["Namespace", "ServiceAccount", "ClusterRoleBinding", "Pod"]);
      assert.deepEqual(
        lines.slice(1, 4),
        ["Pending", "Running", phase].map((p) => `e2e test: ${p}`),
      );
    });
  });
}

for (
  const [endpoint, want] of [
    ["k", "https://k:6443"],
    ["k:7443", "https://k:7443"],
    ["https://k", "https://k:443"],
    ["[::1]:6443", "https://[::1]:6443"],
    ["http://k", undefined],
    ["a b", undefined],
  ] as const
) {
  Deno.test(`kubeUrl() reads "${endpoint}"`, () => {
    if (want) assert.equal(kubeUrl(endpoint), want);
    else assert.throws(() => kubeUrl(endpoint), /Cannot use Kubernetes endpoint/);
  });
}
