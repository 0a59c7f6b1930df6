/**
 * The Talos Controller Manager upgrades a cluster of machines that run from their disks, where it runs
 * itself: it stops at a release that does not come up, and brings the next one to every machine. Then all
 * are asked by hand at once. Each test goes on where the one before left the cluster.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  CONTROLLER_MANAGER,
  CREDENTIALS,
  NAMESPACE,
  type Pool,
  POOLS,
  type PoolStatus,
} from "$lib/pool/mod.ts";
import { VERSION } from "$lib/version/mod.ts";
import { EMULATED_ARGUMENTS } from "../../cmd/talosctl/cluster/qemu.ts";
import {
  buildControllerManager,
  controllerManagerYaml,
} from "../../mkimage/assets/controller_manager.ts";
import { buildDisk } from "../../mkimage/assets/disk.ts";
import { parseLock } from "../../mkimage/lock.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import { CACHE, LOCK_FILE } from "../../mkimage/paths.ts";
import { buildStamp } from "../../mkimage/stamp.ts";
import { brokenInstaller, renamedInstaller } from "./altered_releases.ts";
import { diskMissing } from "./disk_image.ts";
import {
  installerOf,
  NEXT_TAG,
  nextImage,
  REGISTRY,
  REPOSITORY,
  type ServedInstallers,
  serveInstallers,
} from "./installers.ts";
import { clusterTest } from "./kubernetes.ts";
import { DIST, until } from "./node.ts";
import { say } from "./served_images.ts";
import { eventually, MASTERS, SeveralMachines } from "./several_machines.ts";

/** A release that panics, and one that comes up; both are the built image under another tag. */
const [BROKEN, LAST] = ["v0.1.2", "v0.1.3"];
/** How long a pod may take to run, milliseconds. */
const SOON_MS = 10 * 60_000;
/** One machine is down and comes up again, in a cluster of emulated ones. */
const CYCLE_MS = 45 * 60_000;
const PAUSE_MS = 10_000;
/** Etcd elects a leader, the balancer turns to another API server, and a call comes to its end. */
const QUORUM_MS = 5 * 60_000;
const unless = await diskMissing();

let directory: string;
let cluster: SeveralMachines;
let registry: ServedInstallers;
const installers: Record<string, BuiltImage> = {};
/** What was written before anything was upgraded. */
let note: Awaited<ReturnType<SeveralMachines["note"]>>;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "rolling-upgrade-" });
});

Deno.test.afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** The release of each machine, with the slot that it is in, once all are there for good. */
async function releases(): Promise<string[]> {
  const text = await cluster.user.print([
    "-n",
    MASTERS.join(),
    "get",
    "upgradestatus",
    "-o",
    "json",
  ]);
  interface Status {
    readonly node: string;
    readonly spec: { readonly version: string; readonly slot: string; readonly state: string };
  }
  const statuses = text.trim().split(/\n(?=\{)/).map((one): Status => JSON.parse(one));
  return statuses.toSorted((a, b) => a.node.localeCompare(b.node))
    .map(({ spec }) => `${spec.version} ${spec.slot} ${spec.state}`);
}

/** Waits until the pool stands as `holds` asks. */
async function poolWhen(holds: (status: Partial<PoolStatus>) => void, timeoutMs: number) {
  await eventually(
    async () => {
      const { status }: Pool = await cluster.kubectl.get("pool", "all");
      try {
        holds(status ?? {});
      } catch (error) {
        throw new Error(JSON.stringify(status), { cause: error });
      }
    },
    timeoutMs,
  );
  say(await cluster.kubectl.print(["get", "pools", "-o", "wide"]));
}

clusterTest(
  "three machines that run from their disks form a cluster, with the manager in it",
  async () => {
    const lock = parseLock(await Deno.readTextFile(LOCK_FILE));
    const image = await buildControllerManager({
      ...{ lock, cache: CACHE, stamp: await buildStamp(), output: join(directory, "image"), say },
    });
    const disk = join(directory, "disk.qcow2");
    await buildDisk({
      ...{ image: DIST, output: disk, format: "qcow2", sizeBytes: 640 * 2 ** 20, say: () => {} },
      ...{ lock, cache: CACHE, extraArguments: EMULATED_ARGUMENTS },
    });
    registry = serveInstallers(installers);
    cluster = await SeveralMachines.create(directory, {
      ...{ name: "fleet", workers: 0, built: [image] },
      flags: ["--disk-image-path", disk, "--disk", "10240"],
      patch: [{
        ...{ op: "add", path: `/machine/registries/mirrors/${REGISTRY}` },
        value: { endpoints: [registry.endpoint] },
      }],
    });
    assert.deepEqual(await releases(), MASTERS.map(() => `${VERSION} A permanent`));
    const { kubectl, user, served } = cluster;
    // A call may meet an API server that is about to be given up.
    await until(async () => {
      await kubectl.print(["apply", "-f", "-"], controllerManagerYaml(image.name));
      await kubectl.apply({
        ...{ apiVersion: "v1", kind: "Secret" },
        metadata: { name: CREDENTIALS.secret, namespace: NAMESPACE },
        stringData: {
          [CREDENTIALS.key]: await Deno.readTextFile(join(user.home, "talosconfig")),
          [CREDENTIALS.registryCa]: served.registry.ca,
        },
      });
      await cluster.write("before");
      note = await cluster.note();
    }, SOON_MS);
    await eventually(
      async () => {
        const { status } = await kubectl.get("-n", NAMESPACE, "deployment", CONTROLLER_MANAGER);
        assert.equal(status.readyReplicas, 1);
      },
      SOON_MS,
    );
  },
  { bringsUp: true, unless },
);

clusterTest("a release that does not come up stops the manager at the first machine", async () => {
  installers[BROKEN] = await brokenInstaller("panic", BROKEN, join(directory, "broken"));
  await until(async () =>
    void await cluster.kubectl.apply({
      ...{ apiVersion: POOLS.apiVersion, kind: "Pool", metadata: { name: "all" } },
      spec: { nodeSelector: {}, version: BROKEN, repository: REPOSITORY },
    }), SOON_MS);
  await poolWhen(({ failed, nodes = [] }) => {
    assert.equal(failed, 1);
    // The others were not touched.
    assert.deepEqual(nodes.map(({ phase, reason }) => [phase, reason]), [["Failed", "RolledBack"]]);
  }, CYCLE_MS);
  assert.deepEqual(
    await releases(),
    ["rolledBack", "permanent", "permanent"].map((state) => `${VERSION} A ${state}`),
  );
  await eventually(
    async () => assert.deepEqual(await cluster.readyNodes(), cluster.names),
    SOON_MS,
  );
  assert.deepEqual(await cluster.note(), note);
}, { unless });

clusterTest("the next release comes to all machines, one after the other", async () => {
  // Its kubelet has to tell the new release, which the root filesystem names.
  installers[NEXT_TAG] = await installerOf(await nextImage(), join(directory, "next"));
  const members = await cluster.members();
  await until(async () =>
    void await cluster.kubectl.print([
      ...["patch", "pool", "all", "--type=merge", "-p"],
      JSON.stringify({ spec: { version: NEXT_TAG } }),
    ]), SOON_MS);
  await poolWhen(({ size, upToDate, failed, inProgress, conditions = [] }) => {
    assert.ok((failed ?? 0) === 0 && (inProgress ?? 0) <= 1);
    assert.deepEqual([size, upToDate], [MASTERS.length, MASTERS.length]);
    assert.equal(conditions.find(({ type }) => type === "Ready")?.status, "True");
  }, MASTERS.length * CYCLE_MS);
  await eventually(
    async () => {
      assert.deepEqual(await releases(), MASTERS.map(() => `${NEXT_TAG} B permanent`));
      assert.deepEqual(await cluster.readyNodes(), cluster.names);
    },
    SOON_MS,
  );
  // What they had they have kept.
  assert.deepEqual(await cluster.members(), members);
  assert.deepEqual(await cluster.note(), note);
}, { unless });

clusterTest(
  "of machines that are asked all at once, to preserve nothing, one is upgraded and joins etcd anew",
  async () => {
    installers[LAST] = await renamedInstaller(LAST, join(directory, "last"));
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
          await releases(),
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
    assert.equal((await cluster.note()).uid, note.uid);
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
