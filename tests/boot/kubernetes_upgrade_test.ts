/**
 * A node that was installed on a disk takes another release, and goes back to the former one, while
 * Kubernetes runs on it: what is in the cluster outlives both. Each test goes on where the one before
 * left the machine.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { renamedInstaller } from "./altered_releases.ts";
import { diskMissing } from "./disk_image.ts";
import { BOOTED, type DiskNode, startDiskNode } from "./disk_node.ts";
import { REPOSITORY } from "./installers.ts";
import { Kubectl } from "./kubectl.ts";
import {
  AGNHOST,
  bootstrap,
  CLUSTER_MS,
  clusterConfig,
  clusterTest,
  type ClusterUsers,
  untilHealthy,
} from "./kubernetes.ts";
import { BOOT_MS, until } from "./node.ts";
import { serveClusterImages, type ServedImages } from "./served_images.ts";
import { askThrough, untilRuns, WORKLOAD } from "./workload.ts";

const NEXT_TAG = "v0.1.2";
const NEXT = `${REPOSITORY}:${NEXT_TAG}`;
/** The node's name in Kubernetes, which is that of its machine. */
const NAME = "kept";
const unless = await diskMissing();

let directory: string;
let served: ServedImages;
let machine: DiskNode;
let cluster: ClusterUsers;
/** When pods that end told so, milliseconds since 1970. */
const farewells: number[] = [];
let ears: Deno.HttpServer<Deno.NetAddr>;
let before: unknown;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "kubernetes-upgrade-test-" });
  ears = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    farewells.push(Date.now());
    return new Response("farewell");
  });
});

Deno.test.afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await served?.[Symbol.asyncDispose]();
  await ears.shutdown();
  await Deno.remove(directory, { recursive: true });
});

/** Where a pod may have whom it likes called: the baseline of Pod Security forbids a hook to name a host. */
const LENIENT = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "lenient", labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
};

/** A pod that tells the test when it is about to end. */
function polite(port: number) {
  const labels = { app: "polite" };
  const preStop = { httpGet: { host: "10.0.2.2", port, path: "/" } };
  const container = { name: "agnhost", image: AGNHOST, args: ["pause"], lifecycle: { preStop } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "polite", namespace: LENIENT.metadata.name },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
}

/** What no release changes: the ids of objects, and the members of etcd. */
async function lasting(): Promise<unknown> {
  const { kubectl, talosctl } = cluster;
  const { items } = await kubectl.get("-A", "nodes,namespaces,deployments,services");
  return {
    // deno-lint-ignore no-explicit-any
    uids: items.map(({ kind, metadata }: any) => `${kind} ${metadata.name} ${metadata.uid}`),
    members: (await talosctl.print(["etcd", "members"])).split("\n").map((row) =>
      row.trim().split(/ {2,}/).slice(0, 3)
    ),
  };
}

/** Waits until a release runs for good, and everything that ran before runs on it. */
async function runsOn(tag: string, from: number): Promise<void> {
  const { node, talosctl } = cluster;
  await node.vm.until(BOOTED, BOOT_MS, from);
  await until(
    async () => {
      const { spec } = JSON.parse(await talosctl.print(["get", "upgradestatus", "-o", "json"]));
      assert.deepEqual([spec.version, spec.state], [tag, "permanent"]);
    },
    BOOT_MS,
    node.vm,
  );
  await untilHealthy(cluster);
  await untilRuns(cluster);
  await cluster.until(async () => {
    assert.equal((await askThrough(cluster, "web.default.svc.cluster.local")).length, 2);
  });
  assert.deepEqual(await lasting(), before);
}

clusterTest("a node that runs from its disk founds a cluster", async () => {
  served = await serveClusterImages(join(directory, "registry"), ["agnhost"]);
  machine = await startDiskNode(directory, {
    ...{ sizeBytes: 12 * 2 ** 30, kernelArguments: [], memoryMib: 4096, ports: [6443] },
    config: (yaml) => clusterConfig(yaml, served),
  });
  const { node, user } = machine;
  cluster = {
    ...{ node, talosctl: user },
    kubectl: new Kubectl(served.kubectl, join(user.home, "kubeconfig")),
    until: (attempt, timeoutMs = CLUSTER_MS) => until(attempt, timeoutMs, node.vm),
  };
  await bootstrap(cluster);
  await untilHealthy(cluster);
  await cluster.kubectl.apply(...WORKLOAD, LENIENT, polite(ears.addr.port));
  await untilRuns(cluster);
  await cluster.until(async () => {
    const { status } = await cluster.kubectl.get("-n", LENIENT.metadata.name, "deployment/polite");
    assert.equal(status.readyReplicas, 1);
  });
  before = await lasting();
}, { bringsUp: true, unless });

clusterTest("an upgrade that would wipe the only member of etcd is refused", async () => {
  machine.images[NEXT_TAG] = await renamedInstaller(NEXT_TAG, join(directory, NEXT_TAG));
  const args = ["upgrade", "--image", NEXT, "--preserve=false"];
  const { code, stderr } = await cluster.talosctl.run(args);
  assert.equal(code, 1);
  assert.match(stderr, /only 1 etcd member found/);
  assert.deepEqual(await lasting(), before);
}, { unless });

clusterTest(
  "an upgrade cordons the node, lets pods say farewell, and brings all back",
  async () => {
    const { talosctl, kubectl } = cluster;
    const from = await machine.shown();
    await talosctl.print(["upgrade", "--image", NEXT, "--preserve"]);
    await cluster.until(async () => {
      assert.equal((await kubectl.get("node", NAME)).spec.unschedulable, true);
    }, BOOT_MS);
    await cluster.node.vm.until(new RegExp(`installer: ${NEXT_TAG} is on /dev/vda`), BOOT_MS, from);
    assert.equal(farewells.length, 1);
    await runsOn(NEXT_TAG, from);
    assert.equal((await kubectl.get("node", NAME)).spec.unschedulable, undefined);
  },
  { unless },
);

clusterTest("a rollback brings the former release, and all of the cluster with it", async () => {
  const from = await machine.shown();
  const { spec } = JSON.parse(
    await cluster.talosctl.print(["get", "upgradestatus", "-o", "json"]),
  );
  await cluster.talosctl.print(["rollback"]);
  await runsOn(spec.other, from);
}, { unless });
