import assert from "node:assert/strict";
import { type DependencyEdge, until } from "$lib/cosi/mod.ts";
import {
  ETCD_SECRETS,
  EtcdSecrets,
  K8S_CERTS,
  KubernetesControlPlaneConfig,
  KubernetesSecrets,
  MACHINE_TYPE,
  MachineType,
  NODE_TIME,
  Service,
  TimeStatus,
} from "$lib/resources/mod.ts";
import { EventRing, inProcess, LogStore, ServiceManager, systemClock } from "$lib/service/mod.ts";
import { ConfigStore } from "../config/store.ts";
import { CONTROLLER_LOG, type NodeRuntime, nodeRuntime } from "./mod.ts";
import { nothingOutside, testConfig } from "./testing.ts";

interface Node extends AsyncDisposable {
  readonly runtime: NodeRuntime;
  readonly services: ServiceManager;
  readonly config: ConfigStore;
  readonly logs: LogStore;
}

/** A node whose networkd and timed run at once and are healthy. */
async function node(): Promise<Node> {
  const over = new AbortController();
  const events = new EventRing();
  const services = new ServiceManager({ events });
  const run = inProcess((signal) =>
    new Promise((done) => signal.addEventListener("abort", () => done(), { once: true }))
  );
  const health = { initialDelayMs: 0, check: () => Promise.resolve() };
  services.load({ id: "networkd", run, health }, { id: "timed", run, health });
  const config = new ConfigStore();
  const logs = new LogStore();
  const directory = await Deno.makeTempDir();
  const runtime = nodeRuntime({
    events,
    services,
    config,
    logs,
    clock: systemClock,
    host: () => ({ hostname: "node-a", addresses: ["10.5.0.2"] }),
    container: false,
    isClockRight: () => true,
    network: () => ReadableStream.from([]),
    kubernetes: nothingOutside(directory),
  });
  await runtime.start(over.signal);
  return {
    runtime,
    services,
    config,
    logs,
    async [Symbol.asyncDispose]() {
      over.abort();
      await services.stop();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

Deno.test("nodeRuntime() goes from a configuration and its services to certificates", async () => {
  await using it = await node();
  const { state } = it.runtime;
  const timeout = AbortSignal.timeout(10_000);
  await until(state, MachineType, MACHINE_TYPE, timeout, (type) => type === "unknown");
  const { text } = await testConfig("controlplane");
  it.config.accept(text, () => {});
  await until(state, MachineType, MACHINE_TYPE, timeout, (type) => type === "controlplane");
  await until(state, KubernetesControlPlaneConfig, "kube-apiserver", timeout);
  assert.equal(await state.resource(EtcdSecrets, ETCD_SECRETS), undefined);
  it.services.start();
  await until(state, Service, "timed", timeout, (spec) => spec?.healthy === true);
  await until(state, TimeStatus, NODE_TIME, timeout, (spec) => spec?.synced === true);
  await until(state, EtcdSecrets, ETCD_SECRETS, timeout);
  await until(state, KubernetesSecrets, K8S_CERTS, timeout);
  // Twice the same configuration, and a restart of timed: nothing is issued anew.
  it.config.accept(text, () => {});
  await it.services.restart("timed");
  await until(state, TimeStatus, NODE_TIME, timeout, (spec) => spec?.synced === true);
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const [kind, id] of [[EtcdSecrets, ETCD_SECRETS], [KubernetesSecrets, K8S_CERTS]] as const) {
    assert.equal((await state.resource<unknown>(kind, id))?.metadata.version, 1);
  }
  assert.equal(new TextDecoder().decode(it.logs.tail(CONTROLLER_LOG)), "");
});

Deno.test("nodeRuntime() has one owner for each kind that its controllers keep", async () => {
  await using it = await node();
  const managed = it.runtime.controllers.edges().filter(({ type }) => type === "manages")
    .map(({ controller, kind }: DependencyEdge) => `${controller} ${kind.namespace}/${kind.type}`);
  assert.deepEqual(managed, [
    "v1alpha1.ServiceController runtime/Services.v1alpha1.talos.dev",
    "v1alpha1.TimeStatusController runtime/TimeStatuses.v1alpha1.talos.dev",
    ...["Link", "Address", "Route", "Resolver", "Hostname"].map((name) =>
      `network.${name}StatusController network/${name}Statuses.net.talos.dev`
    ),
    "network.NodeAddressController network/NodeAddresses.net.talos.dev",
    "config.MachineTypeController config/MachineTypes.config.talos.dev",
    "config.K8sControlPlaneController config/KubernetesControlPlaneConfigs.config.talos.dev",
    "secrets.RootController secrets/RootSecrets.secrets.talos.dev",
    "secrets.EtcdController secrets/EtcdSecrets.secrets.talos.dev",
    "secrets.KubernetesController secrets/KubernetesSecrets.secrets.talos.dev",
    "v1alpha1.BootstrapStatusController runtime/BootstrapStatuses.v1alpha1.talos.dev",
    "k8s.RenderSecretsStaticPodController controlplane/SecretStatuses.kubernetes.talos.dev",
    "k8s.ControlPlaneStaticPodController controlplane/StaticPods.kubernetes.talos.dev",
    "k8s.KubeletStaticPodController controlplane/StaticPodStatuses.kubernetes.talos.dev",
    "k8s.EndpointController controlplane/Endpoints.kubernetes.talos.dev",
    "k8s.ManifestController controlplane/Manifests.kubernetes.talos.dev",
    "k8s.ExtraManifestController extras/Manifests.kubernetes.talos.dev",
    "k8s.ManifestApplyController controlplane/ManifestStatuses.kubernetes.talos.dev",
  ]);
});

Deno.test("nodeRuntime() logs a configuration that lacks secrets, and goes on once it has them", async () => {
  await using it = await node();
  const { text } = await testConfig("controlplane");
  const timeout = AbortSignal.timeout(10_000);
  it.services.start();
  it.config.accept(text.replace(/^ {4}aggregatorCA:[^]*?(?=^ {4}\S)/m, ""), () => {});
  await until(it.runtime.state, MachineType, MACHINE_TYPE, timeout, (t) => t === "controlplane");
  await until(it.runtime.state, EtcdSecrets, ETCD_SECRETS, timeout);
  const log = new TextDecoder().decode(it.logs.tail(CONTROLLER_LOG));
  assert.match(log, /secrets\.RootController: failed, next try in \d+ ms: missing cluster\.aggre/);
  it.config.accept(text, () => {});
  await until(it.runtime.state, KubernetesSecrets, K8S_CERTS, timeout);
});
