/**
 * The Talos Controller Manager upgrades a control plane and a worker that run from their disks, where it
 * runs itself: it stops at a release that does not come up, and brings the next one to both. That of three
 * control planes, and of machines that are asked by hand, is in rolling_upgrade_test.ts. Each test goes on
 * where the one before left the cluster.
 */
import assert from "node:assert/strict";
import { VERSION } from "$lib/version/mod.ts";
import { diskMissing } from "./disk_image.ts";
import { Fleet } from "./fleet.ts";
import { clusterTest } from "./kubernetes.ts";

const unless = await diskMissing();

let directory: string;
let fleet: Fleet;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "pool-upgrade-" });
});

Deno.test.afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

clusterTest("a control plane and a worker form a cluster, with the manager in it", async () => {
  fleet = await Fleet.start(directory, { masters: 1, workers: 1 });
  assert.deepEqual(await fleet.releases(), Array(2).fill(`${VERSION} A permanent`));
}, { bringsUp: true, unless });

clusterTest(
  "a release that does not come up stops the manager at the first machine, the other is not touched",
  () => fleet.meetsBrokenRelease(),
  { unless },
);

clusterTest(
  "the next release comes to both, one after the other, and nothing is lost",
  () => fleet.takesNextRelease(),
  { unless },
);
