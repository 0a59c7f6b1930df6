import assert from "node:assert/strict";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import { KubeError, type KubeObject } from "$lib/kube/mod.ts";
import {
  BootstrapStatus,
  CONTROL_PLANE,
  K8S_CERTS,
  KubernetesSecrets,
  Manifest,
  MANIFESTS_APPLIED,
  ManifestStatus,
  StaticPod,
} from "$lib/resources/mod.ts";
import { FakeClock } from "$lib/service/testing.ts";
import { putControlPlane, testSecrets } from "../testing.ts";
import { applyObjects } from "./apply.ts";
import { UserManifest } from "./extra_manifest.ts";
import { ManifestApplyController } from "./manifest_apply.ts";

function object(kind: string, name: string): KubeObject {
  return { apiVersion: "v1", kind, metadata: { name } };
}

Deno.test("ManifestApplyController waits for the API server and applies each change once, in order", async () => {
  const clock = new FakeClock();
  let ready = false;
  let asked = 0;
  const applied: string[][] = [];
  const controller = new ManifestApplyController({
    askReady() {
      asked++;
      return ready ? Promise.resolve() : Promise.reject(new Error("starting"));
    },
    apply: (objects) => {
      applied.push(objects.map(({ metadata }) => metadata.name));
      return Promise.resolve([]);
    },
  });
  await using world = new ControllerWorld(controller, { clock });
  await world.put(Manifest, "11-b", [object("ConfigMap", "b")]);
  await world.put(UserManifest, "05-a", [object("ConfigMap", "a"), object("Namespace", "n")]);
  await putControlPlane(world);
  await world.settled();
  assert.equal(asked, 0);
  await world.put(StaticPod, "kube-scheduler", { kind: "Pod" });
  await world.settled();
  assert.deepEqual([asked, applied], [1, []]);
  ready = true;
  await clock.advance(2_500);
  await world.until(ManifestStatus, MANIFESTS_APPLIED);
  assert.deepEqual(applied, [["n", "a", "b"]]);
  assert.deepEqual(await world.find(ManifestStatus, MANIFESTS_APPLIED), {
    manifestsApplied: ["05-a", "11-b"],
  });
  // New certificates are no reason to apply anything.
  await world.put(KubernetesSecrets, K8S_CERTS, (await testSecrets()).certificates);
  await world.settled();
  assert.equal(applied.length, 1);
  await world.put(Manifest, "11-b", [object("ConfigMap", "c")]);
  await world.settled();
  assert.deepEqual(applied[1], ["n", "a", "c"]);
});

Deno.test("ManifestApplyController leaves a self-hosted control plane alone", async () => {
  const controller = new ManifestApplyController({
    askReady: () => Promise.resolve(),
    apply: () => Promise.reject(new Error("applied")),
  });
  await using world = new ControllerWorld(controller);
  await world.put(BootstrapStatus, CONTROL_PLANE, { selfHostedControlPlane: true });
  await world.put(Manifest, "11-b", [object("ConfigMap", "b")]);
  await putControlPlane(world);
  await world.settled();
  assert.deepEqual(world.lines, []);
});

Deno.test("applyObjects() leaves what others changed, goes on after a refusal, and tells all of it", async () => {
  const tried: string[] = [];
  const api = {
    apply(it: KubeObject) {
      tried.push(it.metadata.name);
      if (it.metadata.name === "a") throw new KubeError(409, "Conflict", "kubectl owns .data");
      if (it.metadata.name === "b") throw new KubeError(422, "Invalid", "b is not valid");
      return Promise.resolve(it);
    },
  };
  const objects = ["a", "b", "c"].map((name) => object("ConfigMap", name));
  const signal = new AbortController().signal;
  await assert.rejects(applyObjects(api, objects, signal), /^Error: b is not valid$/);
  assert.deepEqual(tried, ["a", "b", "c"]);
  const [first] = objects;
  assert.deepEqual(await applyObjects(api, first ? [first] : [], signal), [
    "ConfigMap a stays as it is: kubectl owns .data",
  ]);
});
