import assert from "node:assert/strict";
import { parse } from "yaml";
import type { KubeNode, KubePod } from "$lib/health/mod.ts";
import { readyNode, readyPod } from "$lib/health/testing.ts";
import { kubernetesImages } from "$lib/config/mod.ts";
import { parseRelease } from "./path.ts";
import { type DaemonSet, rolloutFault } from "./rollout.ts";
import { type UpgradeDeps, upgradeKubernetes } from "./upgrade.ts";

const APPS = [
  ["kube-apiserver", "apiServer"],
  ["kube-controller-manager", "controllerManager"],
  ["kube-scheduler", "scheduler"],
] as const;

const CONFIG = (kind: string): string =>
  `version: v1alpha1
machine: { type: ${kind}, token: a }
cluster:
  controlPlane: { endpoint: "https://a:6443" }
`;

/** Two control-plane nodes and a worker whose pods follow their configuration at the second look. */
class Cluster implements UpgradeDeps {
  readonly lines: string[] = [];
  readonly applied: string[] = [];
  proxyImage = kubernetesImages("1.35.3").proxy;
  kubeletWaitsForReboot = false;
  readonly #configs = new Map([
    ["10.0.0.1", CONFIG("controlplane")],
    ["10.0.0.2", CONFIG("controlplane")],
    ["10.0.0.3", CONFIG("join")],
  ]);
  #looks = 0;

  config(node: string) {
    return Promise.resolve({
      ...{ node, named: true, text: this.#configs.get(node) ?? "" },
      apply: (text: string, mode: { immediate: boolean; onReboot: boolean }) => {
        if (/kubelet/.test(text) && this.kubeletWaitsForReboot && mode.immediate) {
          throw new Error("this config change can't be applied in immediate mode");
        }
        const sections = { ...parse(text).cluster, ...parse(text).machine };
        this.applied.push(`${node} ${Object.keys(sections).at(-1)}`);
        this.#configs.set(node, text);
        this.#looks = 0;
        return Promise.resolve();
      },
    });
  }

  nodes(): Promise<KubeNode[]> {
    const named = ["cp-1", "cp-2"].map((name, i) =>
      readyNode(name, `10.0.0.${i + 1}`, "control-plane")
    );
    return Promise.resolve([...named, readyNode("worker-1", "10.0.0.3")].map((node, i) => {
      const image = parse(this.#configs.get(`10.0.0.${i + 1}`) ?? "").machine.kubelet?.image;
      const kubeletVersion = image?.split(":")[1] ?? "v1.35.3";
      return { ...node, status: { ...node.status, nodeInfo: { kubeletVersion } } };
    }));
  }

  pods(): Promise<KubePod[]> {
    this.#looks++;
    const old = kubernetesImages("1.35.3");
    return Promise.resolve(["cp-1", "cp-2"].flatMap((node, i) => {
      const { cluster } = parse(this.#configs.get(`10.0.0.${i + 1}`) ?? "");
      return APPS.map(([app, section]) => {
        const pod = readyPod(`${app}-${node}`, app, node);
        const image = this.#looks < 2 ? old[section] : cluster[section]?.image ?? old[section];
        return { ...pod, spec: { ...pod.spec, containers: [{ name: app, image }] } };
      });
    }));
  }

  proxy(): Promise<DaemonSet | undefined> {
    const containers = [{ name: "kube-proxy", image: this.proxyImage }];
    return Promise.resolve({
      metadata: { generation: 1 },
      spec: { template: { spec: { containers } } },
      status: {
        ...{ observedGeneration: 1, desiredNumberScheduled: 3 },
        ...{ updatedNumberScheduled: 3, numberReady: 3 },
      },
    });
  }

  setProxyImage(_container: string, image: string): Promise<void> {
    this.proxyImage = image;
    return Promise.resolve();
  }

  say(line: string): void {
    this.lines.push(line);
  }
}

const OPTIONS = {
  from: parseRelease("1.35.3"),
  to: parseRelease("1.35.4"),
  dryRun: false,
  ...{ timeoutMs: 10_000, pollMs: 1, signal: new AbortController().signal },
};

Deno.test("upgradeKubernetes() goes component by component, node after node", async () => {
  const cluster = new Cluster();
  await upgradeKubernetes(cluster, OPTIONS);
  assert.deepEqual(cluster.applied.length, 2 * 4 + 3);
  assert.equal(cluster.proxyImage, "registry.k8s.io/kube-proxy:v1.35.4");
  assert.deepEqual(cluster.lines.slice(0, 8), [
    'discovered control plane nodes ["10.0.0.1" "10.0.0.2"]',
    'discovered worker nodes ["10.0.0.3"]',
    'updating "kube-apiserver" to version "1.35.4"',
    ' > "10.0.0.1": starting update',
    ' > "10.0.0.1": machine configuration patched',
    ' > "10.0.0.1": waiting for kube-apiserver pod update',
    ' > "10.0.0.1": kube-apiserver: waiting, pod does not run ' +
    '"registry.k8s.io/kube-apiserver:v1.35.4" yet',
    ' < "10.0.0.1": successfully updated',
  ]);
  assert.equal(cluster.lines.at(-1), ' < "10.0.0.3": successfully updated');
});

Deno.test("upgradeKubernetes() changes nothing a second time", async () => {
  const cluster = new Cluster();
  await upgradeKubernetes(cluster, OPTIONS);
  cluster.applied.length = 0;
  await upgradeKubernetes(cluster, OPTIONS);
  assert.deepEqual(cluster.applied, []);
});

Deno.test("upgradeKubernetes() only tells in a dry run", async () => {
  const cluster = new Cluster();
  await upgradeKubernetes(cluster, { ...OPTIONS, dryRun: true });
  assert.deepEqual([cluster.applied, cluster.proxyImage.slice(-7)], [[], "v1.35.3"]);
  assert.ok(
    cluster.lines.includes(
      ' > "10.0.0.2": would change cluster.scheduler.image from the default ' +
        'to "registry.k8s.io/kube-scheduler:v1.35.4"',
    ),
  );
});

Deno.test("upgradeKubernetes() leaves the kubelet to a reboot where it has to", async () => {
  const cluster = new Cluster();
  cluster.kubeletWaitsForReboot = true;
  await upgradeKubernetes(cluster, OPTIONS);
  assert.equal(
    cluster.lines.at(-1),
    ' > "10.0.0.3": the kubelet is replaced with the next reboot: talosctl -n 10.0.0.3 reboot',
  );
});

Deno.test("upgradeKubernetes() refuses a path from what really runs", async () => {
  const cluster = new Cluster();
  const pods = await cluster.pods();
  cluster.pods = () =>
    Promise.resolve(pods.map((pod) => ({
      ...pod,
      spec: { ...pod.spec, containers: [{ name: "x", image: "kube-apiserver:v1.33.0" }] },
    })));
  await assert.rejects(
    upgradeKubernetes(cluster, OPTIONS),
    /Cannot upgrade kube-apiserver-cp-1: unsupported upgrade path "1.33.0"/,
  );
  assert.deepEqual(cluster.applied, []);
});

Deno.test("upgradeKubernetes() gives up with the last reason", async () => {
  const cluster = new Cluster();
  cluster.proxy = () => Promise.reject(new Error("no answer"));
  await assert.rejects(upgradeKubernetes(cluster, OPTIONS), /no answer/);
  const stuck = new Cluster();
  const old = await stuck.pods();
  stuck.pods = () => Promise.resolve(old);
  await assert.rejects(
    upgradeKubernetes(stuck, { ...OPTIONS, timeoutMs: 20 }),
    /Cannot see the new kube-apiserver on 10.0.0.1: kube-apiserver: waiting/,
  );
});

Deno.test("rolloutFault() waits for what is asked, seen, updated and ready, in that order", () => {
  const set = (status: DaemonSet["status"], image = "new"): DaemonSet => ({
    metadata: { generation: 2 },
    spec: { template: { spec: { containers: [{ name: "p", image }] } } },
    status: { desiredNumberScheduled: 2, ...status },
  });
  assert.match(rolloutFault(undefined, "new") ?? "", /does not ask/);
  assert.match(rolloutFault(set({}, "old"), "new") ?? "", /does not ask/);
  assert.match(rolloutFault(set({ observedGeneration: 1 }), "new") ?? "", /not seen/);
  const updated = { observedGeneration: 2, updatedNumberScheduled: 1 };
  assert.match(rolloutFault(set(updated), "new") ?? "", /1 of 2 pods are updated/);
  const ready = { ...updated, updatedNumberScheduled: 2, numberReady: 1 };
  assert.match(rolloutFault(set(ready), "new") ?? "", /1 of 2 pods are ready/);
  assert.equal(rolloutFault(set({ ...ready, numberReady: 2 }), "new"), undefined);
});
