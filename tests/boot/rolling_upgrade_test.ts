/**
 * The Talos Controller Manager upgrades a cluster of machines that run from their disks, where it runs
 * itself: it stops at a release that does not come up, and brings the next one to every machine. Then all
 * are asked by hand at once. Each test goes on where the one before left the cluster.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { VERSION } from "$lib/version/mod.ts";
import { renamedInstaller } from "./altered_releases.ts";
import { diskMissing } from "./disk_image.ts";
import { CYCLE_MS, Fleet, SOON_MS } from "./fleet.ts";
import { NEXT_TAG, REPOSITORY } from "./installers.ts";
import { clusterTest } from "./kubernetes.ts";
import { until } from "./node.ts";
import { say } from "./served_images.ts";
import { eventually, MASTERS, type SeveralMachines } from "./several_machines.ts";

/** A release that comes up: the built image under another tag. */
const LAST = "v0.1.3";
const PAUSE_MS = 10_000;
/** Etcd elects a leader, the balancer turns to another API server, and a call comes to its end. */
const QUORUM_MS = 5 * 60_000;
const unless = await diskMissing();

let directory: string;
let fleet: Fleet;
let cluster: SeveralMachines;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "rolling-upgrade-" });
});

Deno.test.afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

clusterTest(
  "three machines that run from their disks form a cluster, with the manager in it",
  async () => {
    fleet = await Fleet.start(directory, { workers: 0 });
    cluster = fleet.cluster;
    assert.deepEqual(await fleet.releases(), MASTERS.map(() => `${VERSION} A permanent`));
  },
  { bringsUp: true, unless },
);

clusterTest(
  "a release that does not come up stops the manager at the first machine",
  () => fleet.meetsBrokenRelease(),
  { unless },
);

clusterTest(
  "the next release comes to all machines, one after the other",
  () => fleet.takesNextRelease(),
  { unless },
);

clusterTest(
  "of machines that are asked all at once, to preserve nothing, one is upgraded and joins etcd anew",
  async () => {
    fleet.installers[LAST] = await renamedInstaller(LAST, join(directory, "last"));
    const before = await cluster.members();
    let over = false;
    const asked = cluster.user.run([
      ...["-n", MASTERS.join(), "upgrade", "--preserve=false", "--wait=false"],
      ...["--image", `${REPOSITORY}:${LAST}`],
    ]).finally(() => over = true);
    // Whoever is away, the others are enough to write to.
    let [written, longestMs] = [performance.now(), 0];
    while (!over) {
      await until(async () => void await cluster.write("meanwhile"), QUORUM_MS);
      const now = performance.now();
      [written, longestMs] = [now, Math.max(longestMs, now - written)];
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    const { code, stderr } = await asked;
    say(`${stderr}the longest time without a write: ${Math.round(longestMs / 1_000)} s`);
    assert.equal(code, 1);
    // The one that had its turn has left etcd, and two that are left must not lose one more.
    const refused = /\* (\S+): .*etcd member count\(2\) is insufficient to maintain quorum/g;
    const others = [...stderr.matchAll(refused)].map(([, address]) => address!);
    const [upgraded, ...none] = MASTERS.filter((address) => !others.includes(address));
    assert.deepEqual([others.length, none], [MASTERS.length - 1, []]);
    await eventually(
      async () => {
        assert.deepEqual(
          await fleet.releases(),
          MASTERS.map((one) =>
            one === upgraded ? `${LAST} A permanent` : `${NEXT_TAG} B permanent`
          ),
        );
        for (const [address, id] of await cluster.members()) {
          assert.equal(id === before.get(address), address !== upgraded, address);
        }
        assert.deepEqual(await cluster.readyNodes(), cluster.names);
      },
      CYCLE_MS,
    );
    assert.deepEqual(await cluster.memberNames(), cluster.masterNames);
    assert.equal((await cluster.note()).uid, fleet.note.uid);
  },
  { unless },
);

clusterTest("a machine that loses its power while it is upgraded lets go of the lock", async () => {
  const [first, second] = MASTERS;
  const upgrade = ["upgrade", "--wait=false", "--image", `${REPOSITORY}:${NEXT_TAG}`];
  const from = (await cluster.console(cluster.masterNames[0]!)).length;
  await cluster.user.print(["-n", first, ...upgrade]);
  await until(async () => {
    const console = await cluster.console(cluster.masterNames[0]!);
    assert.match(console.slice(from), /upgrade sequence: \d+ phase/);
  }, SOON_MS);
  await cluster.kill(cluster.masterNames[0]!);
  const began = performance.now();
  const { code, stderr } = await cluster.user.run(["-n", second, ...upgrade]);
  say(`answered after ${Math.round((performance.now() - began) / 1_000)} s: ${stderr}`);
  assert.equal(code, 1);
  assert.match(stderr, /etcd member \w+ is not healthy; all members must be healthy/);
}, { unless });
