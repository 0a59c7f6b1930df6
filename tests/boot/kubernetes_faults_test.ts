/**
 * A cluster of one node that goes through a cluster's bad days: it is upgraded, its parts are killed, and it is
 * told wrong things. Each test goes on where the one before left the cluster.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { kubernetesImages, type PatchOperation } from "$lib/config/mod.ts";
import { faultMachine } from "./fault_image.ts";
import { FaultLine } from "./fault_line.ts";
import {
  bringUpCluster,
  type Cluster,
  clusterTest,
  NODE_NAME,
  untilHealthy,
} from "./kubernetes.ts";
import { BOOT_MS, EVENT_MS } from "./node.ts";
import { stateDiskMissing } from "./state_disk.ts";
import type { Run } from "./talosctl.ts";
import { askThrough, containersOf, untilRuns, WORKLOAD } from "./workload.ts";

const [OLD, NEW] = ["1.35.3", "1.35.4"];
/** In the order in which they are upgraded. */
const CONTROL_PLANE = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
const WEB = "web.default.svc.cluster.local";
/** What has to be there again, whatever happens. */
const NOTE = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "note", namespace: "default" },
  data: { written: "before" },
};
const unless = await stateDiskMissing();

let directory: string;
let cluster: Cluster;
let line: FaultLine;
let noteUid = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "kubernetes-faults-test-" });
});

Deno.test.afterAll(async () => {
  line?.[Symbol.dispose]();
  await cluster?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** The changes of a configuration that make its cluster one of this release. */
function ofRelease(version: string) {
  const { kubelet, apiServer, controllerManager, scheduler, proxy } = kubernetesImages(version);
  const images = {
    "/machine/kubelet": kubelet,
    "/cluster/apiServer": apiServer,
    "/cluster/controllerManager": controllerManager,
    "/cluster/scheduler": scheduler,
    "/cluster/proxy": proxy,
  };
  return Object.entries(images).map(([path, value]) => (
    { op: "add", path: `${path}/image`, value } as const
  ));
}

/** The releases of the control plane's pods, by component. */
async function podReleases(): Promise<Record<string, string>> {
  const selector = ["-l", "tier=control-plane"];
  const { items } = await cluster.kubectl.get("-n", "kube-system", "pods", ...selector);
  // deno-lint-ignore no-explicit-any
  return Object.fromEntries(items.map(({ metadata, spec }: any) => [
    metadata.labels["k8s-app"],
    releaseOf(spec.containers[0].image),
  ]));
}

function releaseOf(image: string): string {
  return image.split(":v").at(-1) ?? "";
}

async function proxyRelease(): Promise<string> {
  const { spec } = await cluster.kubectl.get("-n", "kube-system", "daemonset", "kube-proxy");
  return releaseOf(spec.template.spec.containers[0].image);
}

async function kubeletRelease(): Promise<string> {
  const { status } = await cluster.kubectl.get("node", NODE_NAME);
  return status.nodeInfo.kubeletVersion;
}

/** The note is the one that was written, and both pods of the workload answer. */
async function nothingIsLost(): Promise<void> {
  const { metadata, data } = await cluster.kubectl.get("configmap", NOTE.metadata.name);
  assert.deepEqual([metadata.uid, data], [noteUid, NOTE.data]);
  await cluster.until(async () => assert.equal((await askThrough(cluster, WEB)).length, 2));
}

clusterTest("a cluster of the release before comes up", async () => {
  const socket = join(directory, "fault.sock");
  cluster = await bringUpCluster({
    images: ["agnhost", `:v${OLD}`],
    patch: ofRelease(OLD),
    keepsConfig: true,
    machine: await faultMachine(socket),
  });
  line = await FaultLine.open(socket);
  await cluster.kubectl.apply(...WORKLOAD, NOTE);
  await untilRuns(cluster);
  noteUid = (await cluster.kubectl.get("configmap", NOTE.metadata.name)).metadata.uid;
  assert.deepEqual(
    await podReleases(),
    Object.fromEntries(CONTROL_PLANE.map((name) => [name, OLD])),
  );
  assert.deepEqual([await proxyRelease(), await kubeletRelease()], [OLD, `v${OLD}`]);
}, { bringsUp: true, unless });

clusterTest("upgrade-k8s replaces the pods of the control plane one after the other", async () => {
  const over = new AbortController();
  const seen = new Set<string>();
  const watching = (async () => {
    while (!over.signal.aborted) {
      // While the API server is replaced nobody answers.
      const releases = await podReleases().catch(() => ({}));
      seen.add(CONTROL_PLANE.map((name) => (releases as Record<string, string>)[name]).join(" "));
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  })();
  const said = await cluster.talosctl.print(["upgrade-k8s", "--from", OLD, "--to", NEW])
    .finally(() => over.abort());
  await watching;
  const order = [...said.matchAll(/^updating (?:daemonset )?"?([\w-]+)"? to version/gm)];
  assert.deepEqual(order.map(([, name]) => name), [...CONTROL_PLANE, "kube-proxy", "kubelet"]);
  assert.match(said, /the kubelet is replaced with the next reboot/);
  const steps = CONTROL_PLANE.map((_, done) =>
    CONTROL_PLANE.map((_, i) => i < done ? NEW : OLD).join(" ")
  );
  const whole = [...seen].filter((releases) => /^\S+ \S+ \S+$/.test(releases));
  assert.deepEqual(whole.filter((releases) => releases !== `${NEW} ${NEW} ${NEW}`), steps);
  assert.deepEqual(
    await podReleases(),
    Object.fromEntries(CONTROL_PLANE.map((name) => [name, NEW])),
  );
  assert.equal(await proxyRelease(), NEW);
  await nothingIsLost();
}, { unless });

clusterTest(
  "a reboot replaces the kubelet, and an upgrade that is done changes nothing",
  async () => {
    const { node, talosctl } = cluster;
    const from = (await node.vm.console()).length;
    await talosctl.print(["reboot"]);
    await node.vm.until(/reboot sequence: done/, BOOT_MS, from);
    await node.ready();
    await cluster.until(async () => assert.equal(await kubeletRelease(), `v${NEW}`));
    await untilHealthy(cluster);
    await untilRuns(cluster);
    await nothingIsLost();
    const said = await talosctl.print(["upgrade-k8s", "--from", OLD, "--to", NEW]);
    assert.equal(said.match(/ already$/gm)?.length, 5, said);
    assert.doesNotMatch(said, /patched/);
  },
  { unless },
);

/** The processes whose arguments match. */
async function pidsOf(pattern: RegExp): Promise<number[]> {
  const { messages } = await cluster.node.machine.processes({});
  const processes = messages[0]?.processes ?? [];
  return processes.filter(({ args }) => pattern.test(args)).map(({ pid }) => pid);
}

/** What is killed: the service that has it, and how its process is known. */
const VICTIMS = [
  { name: "etcd", service: "etcd", args: "^/usr/local/bin/etcd.--" },
  { name: "the kubelet", service: "kubelet", args: "kubelet.--config=" },
  { name: "the containerd of pods", service: "cri", args: "^/bin/containerd.*--address./run/" },
  {
    name: "the node's own containerd",
    service: "containerd",
    args: "^/bin/containerd.*--address./system/",
  },
] as const;

for (const { name, service, args } of VICTIMS) {
  clusterTest(`${name} comes back after kill -9, and the workload runs on`, async () => {
    const { node, kubectl } = cluster;
    const before = await containersOf(cluster);
    const killed = /^killed (\d+)$/.exec(await line.ask(`slay ${args}`));
    assert.ok(killed, `${name} is not one process`);
    await cluster.until(async () => {
      const pids = await pidsOf(new RegExp(args));
      assert.ok(pids.length === 1 && pids[0] !== Number(killed[1]), pids.join());
      const { messages } = await node.machine.serviceList({});
      const found = messages[0]?.services.find(({ id }) => id === service);
      if (service) assert.deepEqual([found?.state, found?.health?.healthy], ["Running", true]);
      await kubectl.print(["get", "--raw", "/readyz"]);
    }, EVENT_MS);
    await untilHealthy(cluster);
    await nothingIsLost();
    assert.deepEqual(await containersOf(cluster), before);
  }, { unless });
}

/** Changes the configuration of the machine that runs, or the one it boots with next. */
async function patch(
  when: "--immediate" | "--on-reboot",
  ...operations: readonly PatchOperation[]
): Promise<Run> {
  return await cluster.talosctl.run(["patch", "mc", when, "-p", JSON.stringify(operations)]);
}

/** The same, which has to succeed. */
async function patched(...change: Parameters<typeof patch>): Promise<void> {
  const { code, stderr } = await patch(...change);
  assert.equal(code, 0, stderr);
}

/** What `talosctl health` says of a cluster that is not well. */
async function complaint(): Promise<string> {
  const { code, stdout, stderr } = await cluster.talosctl.run([
    ...["health", "--server=false", "--wait-timeout", "20s"],
  ]);
  assert.equal(code, 1, stdout);
  return stdout + stderr;
}

/** The last thing that happened to a service. */
async function lastEvent(service: string): Promise<string> {
  const { messages } = await cluster.node.machine.serviceList({});
  const found = messages[0]?.services.find(({ id }) => id === service);
  const last = found?.events?.events.at(-1);
  return `${last?.state}: ${last?.msg}`;
}

/** How often a service began to start while `ms` went by. */
async function startsWithin(service: string, ms: number): Promise<number> {
  const from = (await cluster.node.vm.console()).length;
  await new Promise((resolve) => setTimeout(resolve, ms));
  const said = (await cluster.node.vm.console()).slice(from);
  return said.match(new RegExp(`service\\[${service}\\].*Preparing to start`, "g"))?.length ?? 0;
}

clusterTest("an argument of the kubelet's that is the node's own is refused", async () => {
  const value = { "cert-dir": "/tmp" };
  const path = "/machine/kubelet/extraArgs";
  const { code, stderr } = await patch("--on-reboot", { op: "add", path, value });
  assert.equal(code, 1);
  assert.match(stderr, /extra arg "cert-dir" is not allowed: .* remove it from machine\.kubelet/);
}, { unless });

clusterTest("an image of the scheduler's that is not there is named by health", async () => {
  const path = "/cluster/scheduler/image";
  const missing = "registry.k8s.io/kube-scheduler:v1.35.99";
  await patched("--immediate", { op: "add", path, value: missing });
  await cluster.until(async () => {
    assert.match(await complaint(), new RegExp(`kube-scheduler .* is not ready: .*${missing}`));
  }, EVENT_MS);
  const image = kubernetesImages(NEW).scheduler;
  await patched("--immediate", { op: "add", path, value: image });
  await untilHealthy(cluster);
  await nothingIsLost();
}, { unless });

clusterTest(
  "an image of etcd's that is not there is named by its service, and waited for",
  async () => {
    const missing = "registry.k8s.io/etcd:3.6.99-0";
    const path = "/cluster/etcd/image";
    await patched("--immediate", { op: "add", path, value: missing });
    assert.match(await line.ask(`slay ${VICTIMS[0].args}`), /^killed \d+$/);
    const cause = new RegExp(`Cannot pull image "${missing}"`);
    await cluster.until(async () => assert.match(await lastEvent("etcd"), cause), EVENT_MS);
    assert.match(await complaint(), new RegExp(`service "etcd" is .*${cause.source}`));
    assert.ok(await startsWithin("etcd", 30_000) <= 6);
    await patched("--immediate", { op: "remove", path });
    await untilHealthy(cluster);
    await nothingIsLost();
  },
  { unless },
);
