import assert from "node:assert/strict";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import {
  KubernetesControlPlaneConfig,
  SecretStatus,
  Service,
  STATIC_POD_SECRETS,
  StaticPod,
} from "$lib/resources/mod.ts";
import { FakeClock } from "$lib/service/testing.ts";
import { controlPlaneConfigs } from "../config/control_plane_configs.ts";
import { putControlPlane, testConfig, withCluster } from "../testing.ts";
import { ControlPlaneStaticPodController } from "./control_plane_static_pod.ts";

async function ids(world: ControllerWorld): Promise<string[]> {
  await world.settled();
  return (await world.state.list(StaticPod)).map(({ metadata }) => metadata.id);
}

const HEALTHY = { running: true, healthy: true };
const ALL = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];

Deno.test("ControlPlaneStaticPodController waits for etcd, then for the API server, then for nobody", async () => {
  const asked: string[] = [];
  let ready = false;
  const clock = new FakeClock();
  const askReady = ({ url }: { url: string }) => {
    asked.push(url);
    return ready ? Promise.resolve() : Promise.reject(new Error("starting"));
  };
  await using world = new ControllerWorld(new ControlPlaneStaticPodController({ askReady }), {
    clock,
  });
  await putControlPlane(world);
  assert.deepEqual(await ids(world), []);
  await world.put(SecretStatus, STATIC_POD_SECRETS, { ready: true, version: "2" });
  assert.deepEqual(await ids(world), []);
  await world.put(Service, "etcd", { running: true, healthy: false });
  assert.deepEqual(await ids(world), []);
  await world.put(Service, "etcd", HEALTHY);
  await world.until(StaticPod, "kube-apiserver");
  assert.deepEqual(await ids(world), ["kube-apiserver"]);
  assert.equal(asked[0], "https://127.0.0.1:6443");
  ready = true;
  await clock.advance(2_500);
  assert.deepEqual(await ids(world), ALL);
  // Neither etcd nor the API server being away takes a pod down.
  ready = false;
  await world.remove(Service, "etcd");
  assert.deepEqual(await ids(world), ALL);
  await world.remove(SecretStatus, STATIC_POD_SECRETS);
  assert.deepEqual(await ids(world), []);
});

Deno.test("ControlPlaneStaticPodController makes anew only the pod whose settings changed", async () => {
  await using world = new ControllerWorld(
    new ControlPlaneStaticPodController({ askReady: () => Promise.resolve() }),
  );
  await putControlPlane(world);
  await world.put(SecretStatus, STATIC_POD_SECRETS, { ready: true, version: "2" });
  await world.put(Service, "etcd", HEALTHY);
  await world.until(StaticPod, "kube-scheduler");
  const { config } = withCluster(await testConfig(), {
    scheduler: {
      image: "registry.k8s.io/kube-scheduler:v1.35.9",
      extraArgs: { "v": "4", "profiling": "true" },
    },
  });
  const { "kube-scheduler": changed } = controlPlaneConfigs(config) as Record<string, never>;
  await world.put(KubernetesControlPlaneConfig, "kube-scheduler", changed);
  const pod = await world.until(
    StaticPod,
    "kube-scheduler",
    (spec) => JSON.stringify(spec).includes("v1.35.9"),
  );
  assert.match(
    JSON.stringify(pod),
    /"talos.dev\/config-version":"2","talos.dev\/secrets-version":"2"/,
  );
  assert.match(JSON.stringify(pod), /"--profiling=true".*"--v=4"/);
  await world.settled();
  const versions = (await world.state.list(StaticPod)).map(({ metadata }) => metadata.version);
  assert.deepEqual(versions, [1, 1, 2]);
});
