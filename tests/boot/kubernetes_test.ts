/**
 * A cluster of one control plane node, as the documentation's "Control Plane" tells how it comes up,
 * and what runs on it: each test goes on where the one before left the cluster.
 */
import assert from "node:assert/strict";
import { accessOf } from "$lib/kubeconfig/mod.ts";
import { tlsKey } from "$lib/pki/mod.ts";
import { tlsTransport } from "$lib/rpc/mod.ts";
import { ContainerDriver } from "$proto/common/common_pb.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { createClient } from "@connectrpc/connect";
import { parseReference } from "../../mkimage/oci/reference.ts";
import { RegistryClient } from "../../mkimage/registry/client.ts";
import { builtManifest } from "./built_manifest.ts";
import {
  bootstrap,
  type Cluster,
  clusterTest,
  NODE_NAME,
  startCluster,
  untilHealthy,
} from "./kubernetes.ts";
import { forwardPort, openPorts, plainAnswer, tlsVersion } from "./listeners.ts";
import { BOOT_MS, textOf } from "./node.ts";
import { askThrough, containersOf, untilRuns, WORKLOAD } from "./workload.ts";

const STATIC_PODS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const MANIFESTS = [
  "00-kubelet-bootstrapping-token",
  "01-csr-approver-role-binding",
  "01-csr-node-bootstrap",
  "01-csr-renewal-role-binding",
  "02-kube-system-sa-role-binding",
  "05-flannel",
  "10-kube-proxy",
  "11-core-dns",
  "11-core-dns-svc",
  "11-kube-config-in-cluster",
];

/** Where the kubelet finds its static pods. */
const MANIFESTS_PATH = "/etc/kubernetes/manifests";

let cluster: Cluster;

Deno.test.afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

/** The rows of a table below its head, cut into cells. */
function rows(table: string): string[][] {
  return table.trimEnd().split("\n").slice(1).map((line) => line.trim().split(/ {2,}/));
}

/** The ids that `talosctl get` lists. */
async function ids(kind: string): Promise<string[]> {
  return rows(await cluster.talosctl.print(["get", kind])).map((row) => row[3] ?? "");
}

/** When the service first said `pattern`, milliseconds since 1970. */
async function saidAt(id: string, pattern: RegExp): Promise<number> {
  const { messages } = await cluster.node.machine.serviceList({});
  const events = messages[0]?.services.find((service) => service.id === id)?.events?.events ?? [];
  const event = events.find(({ msg, state }) => pattern.test(`${state}: ${msg}`));
  assert.ok(event?.ts, `${id} never said ${pattern}: ${events.map(({ msg }) => msg).join("; ")}`);
  return Number(event.ts.seconds) * 1000 + event.ts.nanos / 1e6;
}

// deno-lint-ignore no-explicit-any
function condition(object: any, type: string): { status: string; at: number } {
  // deno-lint-ignore no-explicit-any
  const found = object.status.conditions.find((one: any) => one.type === type);
  return { status: found?.status, at: Date.parse(found?.lastTransitionTime) };
}

clusterTest("before the bootstrap etcd waits and the kubelet runs already", async () => {
  cluster = await startCluster({ images: ["agnhost"] });
  await cluster.node.ready();
  await cluster.until(async () => {
    const services = rows(await cluster.talosctl.print(["services"]));
    const state = (id: string) => services.find((row) => row[1] === id)?.slice(2, 4).join(" ");
    assert.equal(state("etcd"), "Preparing ?");
    assert.equal(state("kubelet"), "Running OK");
  }, BOOT_MS);
  assert.deepEqual(await ids("staticpods"), []);
}, { bringsUp: true });

clusterTest("bootstrap brings up a cluster that is well, seen from outside", async () => {
  await bootstrap(cluster);
  const said = await untilHealthy(cluster);
  assert.match(said, /waiting for coredns to report ready: OK/);
}, { bringsUp: true });

clusterTest("and seen by the node itself", async () => {
  const { code, stdout, stderr } = await cluster.talosctl.run([
    ...["health", "--control-plane-nodes", "10.0.2.15"],
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stdout + stderr, /waiting for coredns to report ready: OK/);
});

clusterTest("the steps came in the documentation's order", async () => {
  const { kubectl, node } = cluster;
  const { items: [request] } = await kubectl.get("csr");
  const approved = condition(request, "Approved");
  assert.equal(approved.status, "True");
  assert.match(request.spec.username, /^system:bootstrap:/);
  const registered = await kubectl.get("node", NODE_NAME);
  const { items: [dns] } = await kubectl.get("-n", "kube-system", "pods", "-l", "k8s-app=kube-dns");
  const { items: tokens } = await kubectl.get(
    ...["-n", "kube-system", "secrets", "--field-selector", "type=bootstrap.kubernetes.io/token"],
  );
  const modified: Record<string, number> = {};
  for await (const { relativeName, modified: at } of node.machine.list({ root: MANIFESTS_PATH })) {
    modified[relativeName] = Number(at) * 1000;
  }
  const second = (at: number) => Math.floor(at / 1000);
  const steps = [
    ["the kubelet runs", await saidAt("kubelet", /^Running/)],
    ["etcd is healthy", await saidAt("etcd", /Health check successful/)],
    ["kube-apiserver is handed to the kubelet", modified["talos-kube-apiserver.yaml"]!],
    ["kube-scheduler is, once the API is ready", modified["talos-kube-scheduler.yaml"]!],
    ["the join token is injected", Date.parse(tokens[0].metadata.creationTimestamp)],
    ["the kubelet asks for its certificate", Date.parse(request.metadata.creationTimestamp)],
    ["it is approved", approved.at],
    ["the node is registered", Date.parse(registered.metadata.creationTimestamp)],
    ["pods are scheduled", condition(dns, "PodScheduled").at],
    ["DNS answers", condition(dns, "Ready").at],
  ] as const;
  for (const [i, [what, at]] of steps.entries()) {
    const [before, earlier] = steps[Math.max(0, i - 1)]!;
    assert.ok(second(earlier) <= second(at), `${what} (${at}) came before ${before} (${earlier})`);
  }
});

clusterTest("its resources list manifests, static pods and their statuses", async () => {
  const { talosctl } = cluster;
  assert.deepEqual(await ids("manifests"), MANIFESTS);
  assert.deepEqual(await ids("sp"), STATIC_PODS);
  const statuses = rows(await talosctl.print(["get", "staticpodstatus"]));
  assert.deepEqual(
    statuses.map((row) => [row[3], row[5]]),
    STATIC_PODS.map((name) => [`kube-system/${name}-${NODE_NAME}`, "True"]),
  );
  const applied = await talosctl.print(["get", "manifeststatus", "-o", "yaml"]);
  for (const id of MANIFESTS) assert.ok(applied.includes(`- ${id}\n`), id);
});

clusterTest("every pod runs the image that the registry has, and none was restarted", async () => {
  const { kubectl, served: { registry } } = cluster;
  using client = new RegistryClient(registry.endpoint, registry.ca);
  const { items } = await kubectl.get("-n", "kube-system", "pods");
  assert.equal(items.length, 7);
  for (const { metadata, status } of items) {
    for (const { image, imageID, restartCount } of status.containerStatuses) {
      const { host, repository, tag } = parseReference(image);
      const digest = await client.digestOf(repository, tag);
      assert.equal(imageID, `${host}/${repository}@${digest}`, metadata.name);
      assert.equal(restartCount, 0, metadata.name);
    }
  }
});

clusterTest("the node tells the kernel and the system of the image's manifest", async () => {
  const { kernel, version } = await builtManifest();
  const { status: { nodeInfo } } = await cluster.kubectl.get("node", NODE_NAME);
  assert.equal(nodeInfo.kernelVersion, kernel);
  assert.equal(nodeInfo.osImage, `Talos (${version})`);
  assert.equal(nodeInfo.kubeletVersion, "v1.35.4");
  assert.match(nodeInfo.containerRuntimeVersion, /^containerd:\/\/v?2\.2\./);
});

clusterTest("a Deployment behind a Service is reached by its name from another pod", async () => {
  await cluster.kubectl.apply(...WORKLOAD);
  await untilRuns(cluster);
  await cluster.until(async () => {
    const { items } = await cluster.kubectl.get("pods", "-l", "app=web");
    // deno-lint-ignore no-explicit-any
    const names = items.map((pod: any) => pod.metadata.name).toSorted();
    assert.equal(names.length, 2);
    assert.deepEqual(
      (await askThrough(cluster, "web.default.svc.cluster.local")).toSorted(),
      names,
    );
  });
});

clusterTest("kubectl shows a pod's log, and runs a program in it", async () => {
  const { kubectl } = cluster;
  assert.match(await kubectl.print(["logs", "-l", "app=web"]), /GET \/hostname/);
  const suffixes = await kubectl.print(["exec", "client", "--", "/agnhost", "dns-suffix"]);
  assert.match(suffixes, /default\.svc\.cluster\.local/);
});

function read(path: string): Promise<string> {
  return textOf(cluster.node.machine.read({ path }));
}

clusterTest("what listens beyond loopback speaks TLS only", async () => {
  const { node } = cluster;
  const ports = openPorts(await read("/proc/net/tcp"), await read("/proc/net/tcp6"));
  assert.deepEqual(ports, [2379, 2380, 6443, 10250, 50000, 50001]);
  for (const port of ports) {
    if (![6443, 50000].includes(port)) await forwardPort(node, port);
    assert.match(await tlsVersion(node.address, port), /^TLSv1\.[23]$/, `${port}`);
    const answer = await plainAnswer(node.address, port);
    assert.doesNotMatch(answer, /^HTTP\/1\.[01] [23]/, `${port} without TLS: ${answer}`);
  }
});

clusterTest("the registry that the node pulls from speaks TLS only", async () => {
  const { port } = cluster.served.registry;
  assert.match(await tlsVersion("127.0.0.1", port), /^TLSv1\.[23]$/);
  assert.match(await plainAnswer("127.0.0.1", port), /^HTTP\/1\.0 400 /);
});

clusterTest(
  "certificates of the machine's API and of Kubernetes' are no good at the other",
  async () => {
    const { node, kubectl } = cluster;
    const access = accessOf(await Deno.readTextFile(kubectl.kubeconfig));
    const url = `https://${node.address}:6443/api/v1/nodes`;
    for (
      const [{ crt, key }, status] of [[access.client, 200], [node.admin, 401]] as const
    ) {
      using client = Deno.createHttpClient({ caCerts: [access.ca], cert: crt, key: tlsKey(key) });
      const answer = await fetch(url, { client });
      await answer.body?.cancel();
      assert.equal(answer.status, status);
    }
    const transport = tlsTransport({
      ...{ host: node.address, port: 50000, ca: node.ca.crt, timeoutMs: 60_000 },
      ...{ cert: access.client.crt, key: access.client.key },
    });
    await assert.rejects(createClient(MachineService, transport).version({}));
    transport.close();
  },
);

/** Changes the configuration of the machine that runs. */
async function patch(path: string, value: unknown): Promise<void> {
  const operations = JSON.stringify([{ op: "add", path, value }]);
  await cluster.talosctl.print(["patch", "mc", "--immediate", "-p", operations]);
}

clusterTest("an argument of the API server changes its pod, and no other", async () => {
  const { talosctl, kubectl } = cluster;
  const versions = async () => {
    const table = rows(await talosctl.print(["get", "sp"]));
    return Object.fromEntries(table.map((row) => [row[3]!, Number(row[4])]));
  };
  const before = await versions();
  await patch("/cluster/apiServer/extraArgs", { "event-ttl": "47m" });
  await cluster.until(async () => {
    const pod = await kubectl.get("-n", "kube-system", "pod", `kube-apiserver-${NODE_NAME}`);
    assert.ok(pod.spec.containers[0].command.includes("--event-ttl=47m"));
    assert.equal(condition(pod, "Ready").status, "True");
  });
  const pids = await cluster.node.machine.processes({});
  const running = pids.messages[0]?.processes.some(({ args }) => args.includes("--event-ttl=47m"));
  assert.ok(running, "no process has the argument");
  const { "kube-apiserver": bumped, ...others } = await versions();
  const { "kube-apiserver": first, ...same } = before;
  assert.ok(bumped! > first!);
  assert.deepEqual(others, same);
});

clusterTest("a change that concerns the kubelet starts it anew, and the pods live on", async () => {
  const { node, kubectl } = cluster;
  const pid = async () => {
    const { messages } = await node.machine.containers({
      ...{ namespace: "system", driver: ContainerDriver.CONTAINERD },
    });
    return messages[0]?.containers.find(({ id }) => id === "kubelet")?.pid ?? 0;
  };
  const before = await pid();
  const started = await containersOf(cluster);
  await patch("/cluster/token", "abcdef.0123456789abcdef");
  await cluster.until(async () => {
    const now = await pid();
    assert.ok(now > 0 && now !== before);
  });
  await untilHealthy(cluster);
  await kubectl.get("-n", "kube-system", "secret", "bootstrap-token-abcdef");
  assert.deepEqual(await containersOf(cluster), started);
});

/** What a member of etcd is known by: its id and its name. */
async function members(): Promise<string[][]> {
  return rows(await cluster.talosctl.print(["etcd", "members"])).map((row) => row.slice(0, 3));
}

/** What no reboot changes: the ids of objects. */
async function uids(): Promise<Record<string, string>> {
  const { items } = await cluster.kubectl.get("-A", "nodes,namespaces,deployments,services,pods");
  // deno-lint-ignore no-explicit-any
  return Object.fromEntries(items.map(({ kind, metadata }: any) => [
    `${kind} ${metadata.namespace} ${metadata.name}`,
    // A pod that the kubelet has from a file is shown anew.
    kind === "Pod" && metadata.namespace === "kube-system" ? "" : metadata.uid,
  ]));
}

clusterTest("a second bootstrap is refused", async () => {
  const { code, stderr } = await cluster.talosctl.run(["bootstrap"]);
  assert.equal(code, 1);
  assert.match(stderr, /AlreadyExists.*holds a started member/);
});

clusterTest(
  "after a reboot, as an init node too, etcd and the workload are there again",
  async () => {
    const { node, talosctl } = cluster;
    const [before, objects] = [await members(), await uids()];
    cluster.config = cluster.config.replace(/^( +type: )controlplane/m, "$1init");
    const from = (await node.vm.console()).length;
    await talosctl.print(["reboot"]);
    await node.vm.until(/reboot sequence: done/, BOOT_MS, from);
    await node.ready();
    await cluster.until(async () => assert.match(await talosctl.print(["get", "mt"]), /\binit\b/));
    await untilHealthy(cluster);
    assert.deepEqual(await members(), before);
    await cluster.until(async () => {
      const heard = await askThrough(cluster, "web.default.svc.cluster.local");
      assert.equal(heard.length, 2);
    });
    assert.deepEqual(await uids(), objects);
  },
);
