import assert from "node:assert/strict";
import { IMAGES } from "$lib/config/mod.ts";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import {
  ACTIVE_CONFIG,
  type ApiServerConfig,
  type ControllerManagerConfig,
  type ControlPlaneConfigs,
  type ExtraManifestsConfig,
  KubernetesControlPlaneConfig,
  type SystemManifestsConfig,
} from "$lib/resources/mod.ts";
import { MachineConfig } from "../machine_config.ts";
import { testConfig, withCluster } from "../testing.ts";
import { nthAddress } from "./cluster_network.ts";
import { controlPlaneConfigs, volumeName } from "./control_plane_configs.ts";
import { K8sControlPlaneController } from "./k8s_control_plane.ts";

Deno.test("K8sControlPlaneController keeps five resources on a control plane, none on a worker", async () => {
  await using world = new ControllerWorld(new K8sControlPlaneController());
  const ids = async () =>
    (await world.state.list(KubernetesControlPlaneConfig)).map(({ metadata }) => metadata.id);
  await world.put(MachineConfig, ACTIVE_CONFIG, await testConfig("init"));
  await world.until(KubernetesControlPlaneConfig, "extra-manifests");
  await world.settled();
  assert.deepEqual(await ids(), [
    "extra-manifests",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "system-manifests",
  ]);
  await world.put(MachineConfig, ACTIVE_CONFIG, await testConfig("join"));
  await world.until(KubernetesControlPlaneConfig, "kube-apiserver", (spec) => spec === undefined);
  await world.settled();
  assert.deepEqual(await ids(), []);
});

Deno.test("K8sControlPlaneController changes the version of what changed alone", async () => {
  await using world = new ControllerWorld(new K8sControlPlaneController());
  const config = await testConfig();
  await world.put(MachineConfig, ACTIVE_CONFIG, config);
  await world.until(KubernetesControlPlaneConfig, "kube-scheduler");
  await world.put(
    MachineConfig,
    ACTIVE_CONFIG,
    withCluster(config, { scheduler: { extraArgs: { v: "4" } } }),
  );
  await world.until(
    KubernetesControlPlaneConfig,
    "kube-scheduler",
    (spec) => (spec as { extraArgs?: { v?: string } })?.extraArgs?.v === "4",
  );
  await world.settled();
  const versions = (await world.state.list(KubernetesControlPlaneConfig))
    .map(({ metadata: { id, version } }) => `${id} ${version}`);
  assert.deepEqual(versions.filter((line) => !line.endsWith(" 1")), ["kube-scheduler 2"]);
});

Deno.test("controlPlaneConfigs() of a generated configuration has the contract's defaults", async () => {
  const { config } = await testConfig();
  const all = controlPlaneConfigs(config) as ControlPlaneConfigs;
  assert.deepEqual(all["kube-apiserver"] satisfies ApiServerConfig, {
    image: IMAGES.apiServer,
    cloudProvider: "",
    controlPlaneEndpoint: "https://10.5.0.1:6443",
    etcdServers: ["https://127.0.0.1:2379"],
    localPort: 6443,
    serviceCIDR: "10.96.0.0/12",
    extraArgs: {},
    extraVolumes: [],
  });
  assert.deepEqual(all["kube-controller-manager"] satisfies ControllerManagerConfig, {
    image: IMAGES.controllerManager,
    cloudProvider: "",
    podCIDR: "10.244.0.0/16",
    serviceCIDR: "10.96.0.0/12",
    extraArgs: {},
    extraVolumes: [],
  });
  const manifests: SystemManifestsConfig = all["system-manifests"];
  assert.equal(manifests.server, "https://10.5.0.1:6443");
  assert.equal(manifests.dnsServiceIP, "10.96.0.10");
  assert.equal(manifests.dnsServiceIPv6, "");
  assert.equal(manifests.proxyEnabled && manifests.flannelEnabled, true);
  assert.deepEqual(all["extra-manifests"], { extraManifests: [] });
});

Deno.test("controlPlaneConfigs() of a dual stack cluster has a name server of each family", async () => {
  const { config } = await testConfig("controlplane", {
    podSubnets: ["10.244.0.0/16", "fc00:db8:10::/56"],
    serviceSubnets: ["10.96.0.0/12", "fc00:db8:20::/112"],
  });
  const all = controlPlaneConfigs(config) as ControlPlaneConfigs;
  const { dnsServiceIP, dnsServiceIPv6, podCIDRs, firstPodCIDR } = all["system-manifests"];
  assert.deepEqual({ dnsServiceIP, dnsServiceIPv6, podCIDRs, firstPodCIDR }, {
    dnsServiceIP: "10.96.0.10",
    dnsServiceIPv6: "fc00:db8:20::a",
    podCIDRs: "10.244.0.0/16,fc00:db8:10::/56",
    firstPodCIDR: "10.244.0.0/16",
  });
});

Deno.test("controlPlaneConfigs() orders the manifests of a custom network before those of the user", async () => {
  const { config } = withCluster(await testConfig(), {
    network: {
      cni: { name: "custom", urls: ["https://cni.example.org/a.yaml"] },
      dnsDomain: "k8s.test",
      podSubnets: [],
      serviceSubnets: [],
    },
    extraManifests: ["https://example.org/b.yaml"],
    extraManifestHeaders: { Token: "secret" },
  });
  const all = controlPlaneConfigs(config) as ControlPlaneConfigs;
  assert.equal(all["system-manifests"].flannelEnabled, false);
  assert.equal(all["system-manifests"].clusterDomain, "k8s.test");
  assert.deepEqual((all["extra-manifests"] satisfies ExtraManifestsConfig).extraManifests, [
    { url: "https://cni.example.org/a.yaml", priority: "05", extraHeaders: {} },
    { url: "https://example.org/b.yaml", priority: "99", extraHeaders: { Token: "secret" } },
  ]);
});

Deno.test("volumeName() is a name that Kubernetes takes", () => {
  assert.equal(volumeName("/etc/kubernetes/my_auth"), "etc-kubernetes-my-auth");
});

for (
  const [subnet, n, address] of [
    ["10.96.0.0/12", 1, "10.96.0.1"],
    ["10.96.0.0/12", 10, "10.96.0.10"],
    ["10.100.7.9/12", 1, "10.96.0.1"],
    ["10.0.0.250/24", 255, "10.0.0.255"],
    ["10.0.0.0/16", 256, "10.0.1.0"],
    ["fc00:db8:20::/112", 10, "fc00:db8:20::a"],
    ["fd00::/64", 65_536, "fd00::1:0"],
  ] as const
) {
  Deno.test(`nthAddress() of ${subnet} and ${n} is ${address}`, () => {
    assert.equal(nthAddress(subnet, n), address);
  });
}

Deno.test("nthAddress() refuses an address outside of the subnet", () => {
  assert.throws(() => nthAddress("10.0.0.0/30", 10), RangeError);
});
