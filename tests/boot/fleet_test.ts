/**
 * The Talos Controller Manager in a cluster of one node, deployed by its manifests; and upgrading a
 * real machine, whose Kubernetes is an API server on this host.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { CONTROLLER_MANAGER, CREDENTIALS, NAMESPACE, type Pool, POOLS } from "$lib/pool/mod.ts";
import { VERSION } from "$lib/version/mod.ts";
import {
  buildControllerManager,
  controllerManagerYaml,
} from "../../mkimage/assets/controller_manager.ts";
import { parseLock } from "../../mkimage/lock.ts";
import { CACHE, LOCK_FILE } from "../../mkimage/paths.ts";
import { buildStamp } from "../../mkimage/stamp.ts";
import { RealControlPlane } from "../../cmd/machined/controllers/k8s/testing.ts";
import { tlsKey } from "$lib/pki/mod.ts";
import { componentProgram } from "$lib/etcd/testing.ts";
import { TYPES } from "$lib/kube/mod.ts";
import { deploy, pool, ready, RunningManager, until } from "../spec/fleet_manager.ts";
import { brokenInstaller, renamedInstaller } from "./altered_releases.ts";
import { bootTest } from "./boot_test_case.ts";
import { diskMissing } from "./disk_image.ts";
import { startDiskNode } from "./disk_node.ts";
import { bringUpCluster, clusterTest, NODE_NAME } from "./kubernetes.ts";
import { say } from "./served_images.ts";

/** How long a pod may take to run and a pool to stand, milliseconds. */
const SOON_MS = 10 * 60_000;

clusterTest("the controller manager runs by its manifests and keeps pools", async () => {
  const directory = await Deno.makeTempDir({ prefix: "fleet-test-" });
  const image = await buildControllerManager({
    lock: parseLock(await Deno.readTextFile(LOCK_FILE)),
    ...{ cache: CACHE, stamp: await buildStamp(), output: join(directory, "image"), say },
  });
  await using cluster = await bringUpCluster({ built: [image] });
  const { kubectl, talosctl, served: { registry } } = cluster;
  await kubectl.print(["apply", "-f", "-"], controllerManagerYaml(image.name));
  const talosconfig = await Deno.readTextFile(join(talosctl.home, "talosconfig"));
  await kubectl.apply({
    ...{ apiVersion: "v1", kind: "Secret" },
    metadata: { name: CREDENTIALS.secret, namespace: NAMESPACE },
    stringData: { [CREDENTIALS.key]: talosconfig, [CREDENTIALS.registryCa]: registry.ca },
  });
  const pools = ["-n", NAMESPACE, "get", "pods", "-o", "wide"];
  await cluster.until(async () => {
    const { status } = await kubectl.get("-n", NAMESPACE, "deployment", CONTROLLER_MANAGER);
    assert.equal(status.readyReplicas, 1, await kubectl.print(pools));
  }, SOON_MS);
  say(await kubectl.print(pools));

  /** Makes or changes the pool, and waits until it stands like this. */
  const stands = async (spec: Partial<Pool["spec"]>, reason: string, message: RegExp) => {
    await kubectl.print(["delete", "pool", "all", "--ignore-not-found"]);
    const pool = { apiVersion: POOLS.apiVersion, kind: "Pool", metadata: { name: "all" } };
    await kubectl.apply({ ...pool, spec: { nodeSelector: {}, ...spec } });
    await cluster.until(async () => {
      const { status }: Pool = await kubectl.get("pool", "all");
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      assert.equal(ready?.reason, reason, JSON.stringify(status));
      assert.match(ready?.message ?? "", message);
    }, SOON_MS);
    say(await kubectl.print(["get", "pools", "-o", "wide"]));
  };
  await stands({ version: VERSION }, "UpToDate", new RegExp(`^all nodes run ${VERSION}$`));
  // The registry's tags, over TLS from the pod; the image of the manager has the tags of releases too.
  const repository = image.name.slice(0, image.name.lastIndexOf(":"));
  const mirror = `https://10.0.2.2:${registry.port}`;
  await stands({ channel: "stable", repository, registry: mirror }, "UpToDate", /^all nodes run v/);
  // This machine runs from memory and has nothing to upgrade: its own API says so, to the pod.
  await stands(
    { version: "v99.0.0" },
    "Unreachable",
    new RegExp(`^${NODE_NAME}: .*(status of upgrades|not found|no resource|doesn't exist)`),
  );
  say(await kubectl.print(["-n", NAMESPACE, "logs", `deployment/${CONTROLLER_MANAGER}`]));
  say((await talosctl.run(["stats", "-k"])).stdout);
  await Deno.remove(directory, { recursive: true });
});

const missing = ["etcd", "kube-apiserver"].filter((name) => componentProgram(name) === undefined);
const unless = await diskMissing() ??
  (missing.length === 0 ? undefined : `needs ${missing.join(", ")}`);

/** A release that panics, and one that comes up; both are the built image under another tag. */
const [BROKEN, NEXT] = ["v0.1.2", "v0.1.3"];
/** A machine is down, falls back and comes up again in this time, milliseconds. */
const CYCLE_MS = 20 * 60_000;

bootTest("the controller manager upgrades a machine, after a release that fell back", async () => {
  const directory = await Deno.makeTempDir({ prefix: "fleet-test-" });
  await using plane = await RealControlPlane.start();
  using kube = plane.client();
  await deploy(kube);
  const kernelArguments = ["talos.upgrade.trial=300"];
  await using machine = await startDiskNode(directory, { sizeBytes: 2 * 2 ** 30, kernelArguments });
  const { node, images } = machine;
  images[BROKEN] = await brokenInstaller("panic", BROKEN, join(directory, "broken"));
  images[NEXT] = await renamedInstaller(NEXT, join(directory, "next"));
  // Its kubelet never registers: no cluster was founded on it.
  const metadata = { name: "machine" };
  await kube.create(TYPES.nodes, {}, { apiVersion: "v1", kind: "Node", metadata });
  await kube.patch(TYPES.nodes, { name: "machine", subresource: "status" }, {
    status: {
      addresses: [{ type: "InternalIP", address: node.address }],
      nodeInfo: { osImage: `Talos (${VERSION})` },
    },
  }, { kind: "strategic" });
  const identity = { ca: node.ca.crt, cert: node.admin.crt, key: tlsKey(node.admin.key) };
  await using _manager = new RunningManager(kube, identity, 50000, [], say);
  const statusWhen = async (what: string, holds: (status: Partial<Pool["status"]>) => boolean) =>
    await until(what, async () => {
      const { status } = (await kube.find<Pool>(POOLS, { name: "machines" }))!;
      return status && holds(status) && status;
    }, CYCLE_MS);
  await kube.create(
    POOLS,
    {},
    pool("machines", {
      ...{ version: BROKEN, repository: "installers.test/installer", nodeSelector: {} },
      healthChecks: { node: false, settle: "5s" },
    }),
  );
  const stopped = await statusWhen("a stop", (status) => status?.failed === 1);
  assert.equal(stopped.nodes?.[0]?.reason, "RolledBack", JSON.stringify(stopped));
  assert.match(
    stopped.nodes?.[0]?.message ?? "",
    /^v0\.1\.2 was tried and failed: it did not come/,
  );
  await kube.patch(POOLS, { name: "machines" }, { spec: { version: NEXT } });
  const done = await statusWhen("the end", (status) => ready(status)?.status === "True");
  assert.equal(done.nodes?.[0]?.phase, "Upgraded", JSON.stringify(done));
  assert.match(await machine.user.print(["get", "upgradestatus"]), /v0\.1\.3 .*permanent/);
  await Deno.remove(directory, { recursive: true });
}, { unless, tier: "long" });
