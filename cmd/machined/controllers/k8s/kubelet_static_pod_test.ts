import assert from "node:assert/strict";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import {
  BootstrapStatus,
  CONTROL_PLANE,
  Service,
  StaticPod,
  StaticPodStatus,
} from "$lib/resources/mod.ts";
import { FakeClock } from "$lib/service/testing.ts";
import { scratch } from "../../api/testing.ts";
import { putControlPlane } from "../testing.ts";
import type { KubeletPod } from "./kubelet_pods.ts";
import { dropStaticPods, KubeletStaticPodController } from "./kubelet_static_pod.ts";

function podOf(name: string, { source = "file", ready = "True" } = {}): KubeletPod {
  return {
    metadata: {
      name,
      namespace: "kube-system",
      annotations: { "kubernetes.io/config.source": source },
    },
    status: { phase: "Running", conditions: [{ type: "Ready", status: ready }] },
  };
}

async function files(path: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(path));
  return entries.map(({ name }) => name).sort();
}

Deno.test("KubeletStaticPodController hands pods over, tells how they are, and takes them back", async () => {
  await using dir = await scratch();
  await Deno.writeTextFile(`${dir.path}/talos-stale.yaml`, "");
  await Deno.writeTextFile(`${dir.path}/mine.yaml`, "");
  let pods: KubeletPod[] = [];
  const clock = new FakeClock();
  const controller = new KubeletStaticPodController({
    manifests: dir.path,
    listPods: () => Promise.resolve(pods),
  });
  await using world = new ControllerWorld(controller, { clock });
  await putControlPlane(world);
  await world.put(StaticPod, "kube-apiserver", {
    kind: "Pod",
    metadata: { name: "kube-apiserver" },
  });
  await world.settled();
  assert.deepEqual(await files(dir.path), ["mine.yaml", "talos-kube-apiserver.yaml"]);
  const path = `${dir.path}/talos-kube-apiserver.yaml`;
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  assert.equal(await Deno.readTextFile(path), "kind: Pod\nmetadata:\n  name: kube-apiserver\n");
  const held = await world.state.resource(StaticPod, "kube-apiserver");
  assert.deepEqual(held?.metadata.finalizers, ['k8s.StaticPodStatus("kube-apiserver")']);

  await world.put(Service, "kubelet", { running: true, healthy: true });
  pods = [podOf("kube-apiserver-node-a", { ready: "False" }), podOf("app", { source: "api" })];
  await clock.advance(3_100);
  await world.until(StaticPodStatus, "kube-system/kube-apiserver-node-a");
  assert.equal(await world.find(StaticPodStatus, "kube-system/app"), undefined);

  await world.remove(StaticPod, "kube-apiserver");
  await world.settled();
  assert.deepEqual(await files(dir.path), ["mine.yaml"]);
  assert.equal(await world.find(StaticPodStatus, "kube-system/kube-apiserver-node-a"), undefined);
});

Deno.test("KubeletStaticPodController keeps what it knew while the kubelet refuses, and says so once", async () => {
  await using dir = await scratch();
  const clock = new FakeClock();
  let refuse = false;
  const controller = new KubeletStaticPodController({
    manifests: dir.path,
    listPods: () =>
      refuse ? Promise.reject(new Error("403 Forbidden")) : Promise.resolve([podOf("a")]),
  });
  await using world = new ControllerWorld(controller, { clock });
  await putControlPlane(world);
  await world.put(Service, "kubelet", { running: true, healthy: true });
  await world.put(StaticPod, "a", { kind: "Pod" });
  await world.until(StaticPodStatus, "kube-system/a");
  refuse = true;
  await clock.advance(60_000);
  assert.ok(await world.find(StaticPodStatus, "kube-system/a"));
  assert.deepEqual(world.lines, [
    "k8s.KubeletStaticPodController: cannot read the kubelet's pods: 403 Forbidden",
  ]);
});

Deno.test("KubeletStaticPodController leaves a self-hosted control plane alone", async () => {
  await using dir = await scratch();
  const listPods = () => Promise.resolve([]);
  await using world = new ControllerWorld(
    new KubeletStaticPodController({ manifests: dir.path, listPods }),
  );
  await world.put(BootstrapStatus, CONTROL_PLANE, { selfHostedControlPlane: true });
  await world.put(StaticPod, "kube-apiserver", { kind: "Pod" });
  await world.settled();
  assert.deepEqual(await files(dir.path), []);
});

Deno.test("dropStaticPods() removes those of an earlier boot, and does not mind when there are none", async () => {
  await using dir = await scratch();
  await Deno.writeTextFile(`${dir.path}/talos-kube-scheduler.yaml`, "");
  await Deno.writeTextFile(`${dir.path}/mine.yaml`, "");
  await dropStaticPods(dir.path);
  assert.deepEqual(await files(dir.path), ["mine.yaml"]);
  await dropStaticPods(`${dir.path}/absent`);
});
