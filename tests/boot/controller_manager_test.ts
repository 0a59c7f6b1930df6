/**
 * The Talos Controller Manager in a cluster of one node, deployed by its manifests. Upgrades by it are in
 * pool_upgrade_test.ts and rolling_upgrade_test.ts.
 *
 * @module
 */
import assert from "node:assert/strict";
import { CONTROLLER_MANAGER, NAMESPACE, type Pool, POOLS } from "$lib/pool/mod.ts";
import { VERSION } from "$lib/version/mod.ts";
import { deployManager, managerImage } from "./controller_manager.ts";
import { bringUpCluster, clusterTest, NODE_NAME } from "./kubernetes.ts";
import { say } from "./served_images.ts";

/** How long a pod may take to run and a pool to stand, milliseconds. */
const SOON_MS = 10 * 60_000;

clusterTest("the controller manager runs by its manifests and keeps pools", async () => {
  const directory = await Deno.makeTempDir({ prefix: "fleet-test-" });
  const image = await managerImage(directory);
  await using cluster = await bringUpCluster({ built: [image] });
  const { kubectl, talosctl, served: { registry } } = cluster;
  await deployManager(image, { ...cluster, user: talosctl });
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
