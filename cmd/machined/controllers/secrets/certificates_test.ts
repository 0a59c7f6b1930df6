import assert from "node:assert/strict";
import { frozenCopy } from "$lib/cosi/mod.ts";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import {
  createCa,
  hoursMs,
  inspectCertificate,
  keyMatches,
  type PemPair,
  verifyCertificate,
} from "$lib/pki/mod.ts";
import {
  ETCD_SECRETS,
  EtcdSecrets,
  K8S_CERTS,
  KubernetesSecrets,
  NODE_TIME,
  ROOT_ETCD,
  ROOT_K8S,
  RootSecrets,
  Service,
  TimeStatus,
} from "$lib/resources/mod.ts";
import { FakeClock } from "$lib/service/testing.ts";
import { testConfig } from "../testing.ts";
import { EtcdController } from "./etcd.ts";
import { adminOf } from "./kubeconfig.ts";
import { KubernetesController } from "./kubernetes.ts";
import { keepLeaf, type LeafDemand } from "./leaf.ts";
import { rootEtcd, rootKubernetes } from "./root_secrets.ts";

const START = Date.UTC(2026, 1, 1);

/** The node knows its names and the time. */
async function makeReady(world: ControllerWorld): Promise<void> {
  await world.put(Service, "networkd", { running: true, healthy: true });
  await world.put(TimeStatus, NODE_TIME, { synced: true });
}

async function version(
  world: ControllerWorld,
  kind: typeof EtcdSecrets | typeof KubernetesSecrets,
  id: string,
): Promise<number | undefined> {
  await world.settled();
  return (await world.state.resource<unknown>(kind, id))?.metadata.version;
}

Deno.test("EtcdController waits for network and time, then issues once for the node's names", async () => {
  const host = { hostname: "node-a", addresses: ["10.5.0.2"] };
  const clock = new FakeClock(START);
  await using world = new ControllerWorld(
    new EtcdController({ host: () => host, clock }),
    { clock },
  );
  const root = rootEtcd((await testConfig()).config);
  await world.put(RootSecrets, ROOT_ETCD, root);
  await world.put(Service, "networkd", { running: true, healthy: true });
  await world.settled();
  assert.equal(await world.find(EtcdSecrets, ETCD_SECRETS), undefined);
  await world.put(TimeStatus, NODE_TIME, { synced: true });
  const { etcdPeer } = (await world.until(EtcdSecrets, ETCD_SECRETS))!;
  const info = inspectCertificate(etcdPeer.crt);
  assert.deepEqual(info.subject, { commonName: "node-a" });
  assert.deepEqual([...info.sans.ips].sort(), ["10.5.0.2", "127.0.0.1"]);
  assert.deepEqual([...info.sans.dns].sort(), ["localhost", "node-a"]);
  assert.deepEqual([...info.usages].sort(), ["clientAuth", "serverAuth"]);
  assert.ok(keyMatches(etcdPeer.crt, etcdPeer.key));
  await verifyCertificate({ crt: etcdPeer.crt, ca: root.etcdCA.crt, now: new Date(START) });
  // Unrelated wake-ups, and networkd's restart: the certificate stays.
  await world.remove(Service, "networkd");
  await world.settled();
  await makeReady(world);
  await world.put(TimeStatus, NODE_TIME, { synced: false });
  await world.put(TimeStatus, NODE_TIME, { synced: true });
  assert.equal(await version(world, EtcdSecrets, ETCD_SECRETS), 1);
});

Deno.test("EtcdController issues anew when an address comes, and drops it with its root", async () => {
  const host = { hostname: "node-a", addresses: ["10.5.0.2"] };
  const clock = new FakeClock(START);
  const controller = new EtcdController({ host: () => host, clock });
  await using world = new ControllerWorld(controller, { clock });
  await world.put(RootSecrets, ROOT_ETCD, rootEtcd((await testConfig()).config));
  await makeReady(world);
  await world.until(EtcdSecrets, ETCD_SECRETS);
  await world.settled();
  host.addresses = ["10.5.0.2", "fd00::2"];
  await clock.advance(30_000);
  const issued = await world.until(
    EtcdSecrets,
    ETCD_SECRETS,
    (spec) => inspectCertificate(spec!.etcdPeer.crt).sans.ips.includes("fd00::2"),
  );
  assert.ok(inspectCertificate(issued!.etcdPeer.crt).sans.ips.includes("::1"));
  await world.remove(RootSecrets, ROOT_ETCD);
  await world.until(EtcdSecrets, ETCD_SECRETS, (spec) => spec === undefined);
});

Deno.test("KubernetesController issues the contract's four certificates", async () => {
  const clock = new FakeClock(START);
  await using world = new ControllerWorld(new KubernetesController({ clock }), { clock });
  const { config } = await testConfig("controlplane", { additionalSans: ["api.example.org"] });
  const root = rootKubernetes(config);
  await world.put(RootSecrets, ROOT_K8S, root);
  await makeReady(world);
  const secrets = (await world.until(KubernetesSecrets, K8S_CERTS))!;
  const admin = adminOf(secrets.adminKubeconfig)!;
  const now = new Date(START);
  const cases: readonly (readonly [PemPair, PemPair, string, readonly string[]])[] = [
    [secrets.apiServer, root.ca, "kube-apiserver", ["kube-master"]],
    [secrets.apiServerKubeletClient, root.ca, "apiserver-kubelet-client", ["system:masters"]],
    [secrets.frontProxy, root.aggregatorCA, "front-proxy-client", []],
    [admin, root.ca, "admin", ["system:masters"]],
  ];
  for (const [leaf, ca, name, organization] of cases) {
    const { subject, notAfter } = inspectCertificate(leaf.crt);
    assert.equal(subject.commonName, name);
    assert.deepEqual(subject.organization ?? [], organization);
    assert.equal(notAfter.getTime(), START + hoursMs(24 * 365));
    const usage = name === "kube-apiserver" ? "serverAuth" : "clientAuth";
    await verifyCertificate({ crt: leaf.crt, ca: ca.crt, now, usage });
  }
  for (
    const host of [
      "10.5.0.1",
      "10.96.0.1",
      "api.example.org",
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      "kubernetes.default.svc.cluster.local",
    ]
  ) await verifyCertificate({ crt: secrets.apiServer.crt, ca: root.ca.crt, now, host });
  assert.match(secrets.adminKubeconfig, /current-context: admin@test\n/);
  assert.match(secrets.adminKubeconfig, /server: https:\/\/10\.5\.0\.1:6443\n/);
});

Deno.test("KubernetesController renews by its own timer at half of the life, not at wake-ups", async () => {
  const clock = new FakeClock(START);
  // Keys are made in real time, while hours of the world's own time go by.
  const controller = new KubernetesController({ clock });
  await using world = new ControllerWorld(controller, { clock, passLimitMs: hoursMs(1_000) });
  // No leaf outlives its CA: half of the life of those under this one is over in five hours.
  const ca = await createCa({
    kind: "ecdsa-p256",
    subject: { organization: ["kubernetes"] },
    now: new Date(START),
    lifetimeMs: hoursMs(10),
  });
  const root = { ...rootKubernetes((await testConfig()).config), ca };
  await world.put(RootSecrets, ROOT_K8S, root);
  await makeReady(world);
  const first = (await world.until(KubernetesSecrets, K8S_CERTS))!;
  for (const healthy of [false, true]) {
    await world.put(Service, "networkd", { running: true, healthy });
    await world.settled();
  }
  await clock.advance(hoursMs(4));
  assert.equal(await version(world, KubernetesSecrets, K8S_CERTS), 1);
  await clock.advance(hoursMs(1));
  const second = (await world.until(
    KubernetesSecrets,
    K8S_CERTS,
    (spec) => spec?.apiServer.crt !== first.apiServer.crt,
  ))!;
  assert.notEqual(second.adminKubeconfig, first.adminKubeconfig);
  assert.equal(second.frontProxy.crt, first.frontProxy.crt);
  assert.equal(await version(world, KubernetesSecrets, K8S_CERTS), 2);
  assert.deepEqual(world.lines, []);
});

Deno.test("KubernetesController waits for the time, and replaces what a step of the clock ends", async () => {
  const clock = new FakeClock(START);
  const controller = new KubernetesController({ clock });
  await using world = new ControllerWorld(controller, { clock, passLimitMs: hoursMs(1_000) });
  await world.put(RootSecrets, ROOT_K8S, rootKubernetes((await testConfig()).config));
  await world.put(Service, "networkd", { running: true, healthy: true });
  await world.put(TimeStatus, NODE_TIME, { synced: false });
  await world.settled();
  assert.equal(await world.find(KubernetesSecrets, K8S_CERTS), undefined);
  await world.put(TimeStatus, NODE_TIME, { synced: true });
  const first = (await world.until(KubernetesSecrets, K8S_CERTS))!;
  clock.step(hoursMs(24 * 400));
  await clock.advance(hoursMs(1));
  const second = (await world.until(
    KubernetesSecrets,
    K8S_CERTS,
    (spec) => spec?.apiServer.crt !== first.apiServer.crt,
  ))!;
  for (const leaf of ["apiServer", "apiServerKubeletClient", "frontProxy"] as const) {
    const { notBefore, notAfter } = inspectCertificate(second[leaf].crt);
    assert.ok(notBefore.getTime() <= clock.now() && clock.now() < notAfter.getTime(), leaf);
  }
  assert.notEqual(second.adminKubeconfig, first.adminKubeconfig);
});

Deno.test("KubernetesController issues anew only what a change concerns", async () => {
  const clock = new FakeClock(START);
  await using world = new ControllerWorld(new KubernetesController({ clock }), { clock });
  const root = rootKubernetes((await testConfig()).config);
  await world.put(RootSecrets, ROOT_K8S, root);
  await makeReady(world);
  const first = (await world.until(KubernetesSecrets, K8S_CERTS))!;
  await world.put(RootSecrets, ROOT_K8S, { ...root, certSANs: ["new.example.org"] });
  const second = (await world.until(
    KubernetesSecrets,
    K8S_CERTS,
    (spec) => spec?.apiServer.crt !== first.apiServer.crt,
  ))!;
  assert.equal(second.apiServerKubeletClient.crt, first.apiServerKubeletClient.crt);
  assert.equal(second.adminKubeconfig, first.adminKubeconfig);
  const ca = await createCa({
    kind: "ecdsa-p256",
    subject: { organization: ["kubernetes"] },
    now: new Date(START),
  });
  await world.put(RootSecrets, ROOT_K8S, { ...root, certSANs: ["new.example.org"], ca });
  const third = (await world.until(
    KubernetesSecrets,
    K8S_CERTS,
    (spec) => spec?.apiServer.crt !== second.apiServer.crt,
  ))!;
  assert.notEqual(third.apiServerKubeletClient.crt, first.apiServerKubeletClient.crt);
  assert.equal(third.frontProxy.crt, first.frontProxy.crt, "the aggregator's CA is another");
});

Deno.test("keepLeaf() issues anew for a broken pair and a clock that was set back", async () => {
  const now = new Date(START);
  const demand: LeafDemand = {
    ca: await createCa({
      kind: "ecdsa-p256",
      subject: { commonName: "ca" },
      now: new Date(START - hoursMs(48)),
    }),
    subject: { commonName: "leaf" },
    sans: { ips: ["fd00:0:0::1"], dns: [] },
    usages: ["clientAuth"],
    lifetimeMs: hoursMs(24),
  };
  // As the state holds it: what was found of it once is remembered.
  const leaf = frozenCopy((await keepLeaf(undefined, demand, now)).leaf);
  const first = await keepLeaf(leaf, demand, now);
  assert.equal(first.leaf, leaf);
  assert.deepEqual(await keepLeaf(leaf, demand, now), first);
  const elsewhere = { ...demand, subject: { commonName: "another" } };
  assert.notEqual((await keepLeaf(leaf, elsewhere, now)).leaf, leaf);
  const other = (await keepLeaf(undefined, demand, now)).leaf;
  for (const broken of [{ crt: "", key: "" }, { crt: leaf.crt, key: other.key }]) {
    assert.notEqual((await keepLeaf(broken, demand, now)).leaf, broken);
  }
  assert.notEqual((await keepLeaf(leaf, demand, new Date(START - hoursMs(1)))).leaf, leaf);
  assert.equal((await keepLeaf(leaf, demand, new Date(START + hoursMs(11)))).leaf, leaf);
  assert.notEqual((await keepLeaf(leaf, demand, new Date(START + hoursMs(13)))).leaf, leaf);
});
