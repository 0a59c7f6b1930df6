import assert from "node:assert/strict";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import {
  ACTIVE_CONFIG,
  MACHINE_TYPE,
  MachineType,
  ROOT_ETCD,
  ROOT_K8S,
  type RootKubernetesSpec,
  RootSecrets,
} from "$lib/resources/mod.ts";
import { MachineConfig } from "../machine_config.ts";
import { testConfig, withCluster } from "../testing.ts";
import { RootController } from "./root.ts";
import { rootEtcd, rootKubernetes } from "./root_secrets.ts";

Deno.test("RootController keeps the secrets of a control plane, and drops them on a worker", async () => {
  await using world = new ControllerWorld(new RootController());
  const control = await testConfig();
  await world.put(MachineConfig, ACTIVE_CONFIG, control);
  await world.settled();
  assert.equal(await world.find(RootSecrets, ROOT_ETCD), undefined, "the type is not known yet");
  await world.put(MachineType, MACHINE_TYPE, "controlplane");
  const etcd = await world.until(RootSecrets, ROOT_ETCD);
  assert.deepEqual(etcd, { etcdCA: control.config.cluster.etcd?.ca });
  await world.until(RootSecrets, ROOT_K8S);
  await world.put(MachineType, MACHINE_TYPE, "join");
  await world.until(RootSecrets, ROOT_ETCD, (spec) => spec === undefined);
  await world.until(RootSecrets, ROOT_K8S, (spec) => spec === undefined);
});

Deno.test("rootKubernetes() has what the configuration brings, and the service's addresses", async () => {
  const { config } = await testConfig("controlplane", { additionalSans: ["api.example.org"] });
  const spec: RootKubernetesSpec = rootKubernetes(config);
  assert.equal(spec.name, "test");
  assert.equal(spec.endpoint, "https://10.5.0.1:6443");
  assert.deepEqual(spec.apiServerIPs, ["10.96.0.1"]);
  assert.equal(spec.dnsDomain, "cluster.local");
  assert.ok(spec.certSANs.includes("api.example.org"));
  assert.equal(`${spec.bootstrapTokenID}.${spec.bootstrapTokenSecret}`, config.cluster.token);
});

Deno.test("rootKubernetes() and rootEtcd() name what is missing", async () => {
  const known = await testConfig();
  const none = { crt: "", key: "" };
  const cases = [
    [{ etcd: { ca: none } }, "missing cluster.etcdCA secret"],
    [{ aggregatorCA: none }, "missing cluster.aggregatorCA secret"],
    [{ ca: none }, "missing cluster.CA secret"],
    [{ serviceAccount: { key: "" } }, "missing cluster.serviceAccount secret"],
  ] as const;
  for (const [cluster, message] of cases) {
    const { config } = withCluster(known, cluster);
    const read = () => [rootEtcd(config), rootKubernetes(config)];
    assert.throws(read, { message });
  }
});
