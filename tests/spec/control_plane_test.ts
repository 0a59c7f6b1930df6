/**
 * talosctl's Kubernetes side against a real control plane: what a node and its kubelet would do is
 * imitated, the API server, etcd and the controllers are the real ones.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { encodeKubeconfig } from "../../cmd/machined/controllers/secrets/kubeconfig.ts";
import { snapshot } from "$lib/etcd/mod.ts";
import { testsWith } from "$lib/etcd/testing.ts";
import { readyNode, WellCluster } from "$lib/health/testing.ts";
import { type KubeClient, TYPES } from "$lib/kube/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import { CONTROL_PLANE, RealControlPlane } from "../../cmd/machined/controllers/k8s/testing.ts";
import { answers } from "../../cmd/talosctl/testing/answers.ts";
import { TestNode, testPki, testTalosconfig } from "../../cmd/talosctl/testing/cluster.ts";
import { machineOf } from "../../cmd/talosctl/testing/well_cluster.ts";
import { Home } from "./spec.ts";

const ADDRESS = "10.0.0.1";
const KUBE_SYSTEM = { namespace: "kube-system" };
const ACCOUNTS = { apiVersion: "v1", plural: "serviceaccounts", namespaced: true };
const STATIC_PODS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
const SECTIONS = ["apiServer", "controllerManager", "scheduler"] as const;

const CONFIG = `version: v1alpha1
machine: { type: controlplane, token: a }
cluster:
  controlPlane: { endpoint: "https://a:6443" }
`;

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 300_000;
  while (!await look().catch(() => false)) {
    if (Date.now() > deadline) assert.fail(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

function podOf(app: string, tier: string, image: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${app}-cp-1`, labels: { "k8s-app": app, tier } },
    spec: {
      nodeName: "cp-1",
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: "Exists" }],
      containers: [{ name: app, image }],
    },
  };
}

/** The one node of the cluster as its kubelet would report it, and pods that run at once. */
class ImitatedKubelet implements AsyncDisposable {
  kubeletVersion = "v1.35.3";
  readonly #over = new AbortController();
  readonly #loop: Promise<void>;

  constructor(readonly kube: KubeClient) {
    this.#loop = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#report().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  async #report(): Promise<void> {
    const { status } = readyNode("cp-1", ADDRESS);
    const nodeInfo = { kubeletVersion: this.kubeletVersion };
    const now = new Date().toISOString();
    const conditions = status?.conditions?.map((one) => ({ ...one, lastHeartbeatTime: now }));
    await this.#status(TYPES.nodes, { name: "cp-1" }, { ...status, conditions, nodeInfo });
    for (const { metadata } of (await this.kube.list(TYPES.pods, KUBE_SYSTEM)).items) {
      const ready = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
      await this.#status(TYPES.pods, { ...KUBE_SYSTEM, name: metadata.name }, ready);
    }
  }

  async #status(
    type: Parameters<KubeClient["patch"]>[0],
    place: { name: string; namespace?: string },
    status: object,
  ): Promise<void> {
    await this.kube.patch(type, { ...place, subresource: "status" }, { status }, {
      kind: "strategic",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#loop;
  }
}

testsWith(...CONTROL_PLANE)(
  "talosctl's Kubernetes commands work with a real control plane",
  async (test) => {
    await using plane = await RealControlPlane.start();
    plane.runControllers();
    using kube = plane.client();
    await until("the controllers", async () => {
      const found = await kube.find(ACCOUNTS, { ...KUBE_SYSTEM, name: "default" });
      return found !== undefined;
    });
    const { metadata } = readyNode("cp-1", ADDRESS, "control-plane");
    await kube.create(TYPES.nodes, {}, { apiVersion: "v1", kind: "Node", metadata });
    for (const app of STATIC_PODS) {
      const image = `registry.k8s.io/${app}:v1.35.3`;
      await kube.create(TYPES.pods, KUBE_SYSTEM, podOf(app, "control-plane", image));
    }
    await kube.create(TYPES.pods, KUBE_SYSTEM, podOf("kube-dns", "", "coredns"));
    const labels = { "k8s-app": "kube-proxy" };
    const { spec } = podOf("kube-proxy", "", "registry.k8s.io/kube-proxy:v1.35.3") as {
      spec: object;
    };
    await kube.create(TYPES.daemonSets, KUBE_SYSTEM, {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "kube-proxy" },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { ...spec, nodeName: undefined } },
      },
    });
    await using kubelet = new ImitatedKubelet(kube);

    const kubeconfig = encodeKubeconfig({
      cluster: "real",
      server: plane.api.url,
      ca: plane.api.ca ?? "",
      client: plane.api.client ?? { crt: "", key: "" },
    });
    const cluster = new WellCluster();
    cluster.members = { controlPlane: [ADDRESS], workers: [] };
    let config = CONFIG;
    const pki = await testPki();
    await using node = await TestNode.start(pki, (router) => {
      router.service(MachineService, {
        ...machineOf(cluster, kubeconfig),
        async *etcdSnapshot() {
          using etcd = plane.store();
          for await (const bytes of snapshot(etcd)) yield { bytes };
        },
        // What the node's controllers and its kubelet make of a new configuration.
        async applyConfiguration({ data }, { requestHeader }) {
          config = new TextDecoder().decode(data);
          const { machine, cluster: sections } = parse(config);
          for (const [at, app] of STATIC_PODS.entries()) {
            const image = sections[SECTIONS[at] ?? ""]?.image;
            if (!image) continue;
            const place = { ...KUBE_SYSTEM, name: `${app}-cp-1` };
            const patch = { spec: { containers: [{ name: app, image }] } };
            await kube.patch(TYPES.pods, place, patch, { kind: "strategic" });
          }
          const tag = machine.kubelet?.image?.split(":").at(-1);
          if (tag) kubelet.kubeletVersion = tag;
          return { messages: answers(requestHeader, {}) };
        },
      });
      router.service(ResourceService, {
        get: (_request, { requestHeader }) => ({
          messages: answers(requestHeader, {
            definition: { metadata: { id: "machineconfigs.config.talos.dev" } },
            resource: { spec: { yaml: new TextEncoder().encode(config) } },
          }),
        }),
      });
    });
    await using home = await Home.make();
    const env = { TALOSCONFIG: home.at("c") };
    await Deno.writeTextFile(home.at("c"), testTalosconfig(pki, { endpoints: [node.endpoint] }));

    await test.step("the kubeconfig lets kubectl's kind of client in", async () => {
      assert.equal((await home.run(["kubeconfig"], env)).code, 0);
      const written = await Deno.readTextFile(home.at(".kube", "config"));
      assert.deepEqual(parse(written), parse(kubeconfig));
    });

    await test.step("health finds the node and sees everything ready", async () => {
      const run = await home.run(["health", "--server=false", "--wait-timeout", "5m"], env);
      assert.equal(run.code, 0, run.stderr);
      assert.match(run.stderr, /all k8s nodes to report schedulable: OK\n$/);
    });

    await test.step("health tells of a node that is cordoned", async () => {
      const cordon = (unschedulable: boolean) =>
        kube.patch(TYPES.nodes, { name: "cp-1" }, { spec: { unschedulable } });
      await cordon(true);
      const run = await home.run(["health", "--server=false", "--wait-timeout", "20s"], env);
      assert.equal(run.code, 1);
      assert.match(run.stderr, /to report schedulable: cp-1 cordoned\n.*Cannot confirm health/);
      await cordon(false);
    });

    await test.step("upgrade-k8s replaces every component", async () => {
      const run = await home.run(["upgrade-k8s", "--from", "1.35.3", "--to", "1.35.4"], env);
      assert.equal(run.code, 0, run.stderr + run.stdout);
      const proxy = await kube.find<{ spec: { template: { spec: { containers: unknown } } } }>(
        TYPES.daemonSets,
        { ...KUBE_SYSTEM, name: "kube-proxy" },
      );
      assert.match(JSON.stringify(proxy?.spec.template.spec.containers), /kube-proxy:v1\.35\.4/);
      const pods = JSON.stringify((await kube.list(TYPES.pods, KUBE_SYSTEM)).items);
      assert.doesNotMatch(pods, /"image":"[^"]*v1\.35\.3/);
      assert.match(run.stdout, /successfully updated\n$/);
    });

    await test.step("etcd snapshot saves what etcd sends, checksum and all", async () => {
      const run = await home.run(["etcd", "snapshot", "db"], env);
      assert.match(run.stdout, /^etcd snapshot saved to "db" \(\d+ bytes\)\n$/, run.stderr);
      assert.equal((await Deno.stat(home.at("db"))).size % 512, 32);
    });
  },
);
