/**
 * A cluster of one node that goes through a cluster's bad days: it is upgraded, its parts are killed, it is
 * told wrong things, it loses its disk. Each test goes on where the one before left the cluster.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  createSecrets,
  kubernetesImages,
  parseConfig,
  type PatchOperation,
} from "$lib/config/mod.ts";
import type { PemPair } from "$lib/pki/mod.ts";
import { faultMachine } from "./fault_image.ts";
import { FaultLine } from "./fault_line.ts";
import {
  bringUpCluster,
  type Cluster,
  clusterTest,
  NODE_NAME,
  resetWithBlankDisk,
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
/** An image that no registry has. */
const MISSING_KUBELET = kubernetesImages("1.35.99").kubelet;
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

/** Restarts the machine, and waits until its API answers. */
async function reboot(): Promise<void> {
  const { node, talosctl } = cluster;
  const from = (await node.vm.console()).length;
  await talosctl.print(["reboot"]);
  await node.vm.until(/reboot sequence: done/, BOOT_MS, from);
  await node.vm.until(/(?<!re)boot sequence: done/, BOOT_MS, from);
  await node.ready();
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
  { name: "kube-apiserver", service: undefined, args: "kube-apiserver.--" },
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
    }, BOOT_MS);
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

clusterTest("a manifest that cannot be fetched is told of, and keeps no other back", async () => {
  const extra = { ...NOTE, metadata: { ...NOTE.metadata, name: "extra" } };
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(JSON.stringify(extra)),
  );
  const lost = "http://10.0.2.2:64999/lost.yaml";
  const value = [lost, `http://10.0.2.2:${server.addr.port}/extra.yaml`];
  await patched("--immediate", { op: "add", path: "/cluster/extraManifests", value });
  await cluster.until(async () => void await cluster.kubectl.get("configmap", "extra"), BOOT_MS);
  const log = () => cluster.talosctl.print(["logs", "controller-runtime"]);
  const failures = async () =>
    (await log()).match(/Cannot fetch manifest "http:\/\/10\.0\.2\.2:64999\/lost\.yaml": /g)
      ?.length ??
      0;
  await cluster.until(async () => assert.ok(await failures() > 2), EVENT_MS);
  const before = await failures();
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  assert.ok(await failures() - before < 10);
  await patched("--immediate", { op: "remove", path: "/cluster/extraManifests" });
  await untilHealthy(cluster);
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

clusterTest("a cluster that lost its disk is recovered from a snapshot", async () => {
  const { node, talosctl, kubectl } = cluster;
  const snapshot = join(directory, "etcd.db");
  await talosctl.print(["etcd", "snapshot", snapshot]);
  const later = { ...NOTE, metadata: { ...NOTE.metadata, name: "later" } };
  await cluster.until(async () => void await kubectl.apply(later));
  const from = (await node.vm.console()).length;
  await resetWithBlankDisk(cluster);
  await node.vm.until(/(?<!re)boot sequence: done/, BOOT_MS, from);
  await node.ready();
  await talosctl.print(["bootstrap", "--recover-from", snapshot]);
  await untilHealthy(cluster);
  await nothingIsLost();
  const { code } = await kubectl.run(["get", "configmap", "later"]);
  assert.equal(code, 1, "what was written after the snapshot is there");
}, { unless });

let rightConfig: readonly PatchOperation[];

clusterTest("the data of another cluster's etcd are refused, and left alone", async () => {
  const { talosctl } = cluster;
  const { config } = parseConfig(await talosctl.print(["read", "/system/state/config.yaml"]));
  const base64 = (text = "") => new TextEncoder().encode(text).toBase64();
  const authority = ({ crt, key }: Partial<PemPair>) => (
    {
      op: "replace",
      path: "/cluster/etcd/ca",
      value: { crt: base64(crt), key: base64(key) },
    } as const
  );
  const image = (value: string) => ({ op: "add", path: "/machine/kubelet/image", value }) as const;
  rightConfig = [authority(config!.cluster.etcd!.ca!), image(kubernetesImages(NEW).kubelet)];
  const { etcdCa } = await createSecrets({ now: new Date() });
  await patched("--on-reboot", authority(etcdCa), image(MISSING_KUBELET));
  await reboot();
  const cause = /holds the data of another cluster, .*cluster\.etcd\.ca: .* or wipe the data with/;
  await cluster.until(async () => assert.match(await lastEvent("etcd"), cause), EVENT_MS);
  assert.match(await complaint(), new RegExp(`service "etcd" is .*${cause.source}`));
  assert.ok(await startsWithin("etcd", 30_000) <= 6);
  const { code, stderr } = await talosctl.run(["bootstrap"]);
  assert.equal(code, 1);
  assert.match(stderr, /holds a started member/);
}, { unless });

clusterTest("an image of the kubelet's that is not there is named by its service", async () => {
  const cause = new RegExp(`Cannot pull image "${MISSING_KUBELET}"`);
  await cluster.until(async () => assert.match(await lastEvent("kubelet"), cause), EVENT_MS);
  assert.match(await cluster.talosctl.print(["service", "kubelet"]), cause);
  assert.ok(await startsWithin("kubelet", 30_000) <= 6);
}, { unless });

clusterTest("with the configuration of its own the cluster goes on where it was", async () => {
  await patched("--on-reboot", ...rightConfig);
  await reboot();
  await untilHealthy(cluster);
  await untilRuns(cluster);
  await nothingIsLost();
}, { unless });
