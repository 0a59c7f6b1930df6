/**
 * A cluster of several machines as `talosctl cluster create` makes it: one of them loses what it kept,
 * one its network for a while, one leaves and another comes, and one is lost. Each test goes on where the
 * one before left the cluster.
 */
import assert from "node:assert/strict";
import { clusterTest } from "./kubernetes.ts";
import { KERNEL_FLAGS, until } from "./node.ts";
import { say } from "./served_images.ts";
import { eventually, MASTERS, SeveralMachines, WORKER } from "./several_machines.ts";

/** A boot, and all images pulled once more. */
const JOIN_MS = 45 * 60_000;
/** The balancer asks every 2 s; a call that was on its way ends first. */
const FAIL_OVER_MS = 5 * 60_000;
const [FIRST, ...OTHERS] = MASTERS;

let directory: string;
let cluster: SeveralMachines;
/** The id of the member that was lost, and how another machine takes its place. */
let lost: string | undefined;
let replaceFirst: () => Promise<void>;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "cluster-create-" });
});

Deno.test.afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

async function areReady(names: readonly string[]): Promise<void> {
  assert.deepEqual(await cluster.readyNodes(), names);
}

clusterTest("three control planes, one an init node, and a worker become Ready", async () => {
  cluster = await SeveralMachines.create(directory, {
    ...{ name: "several", workers: 1 },
    flags: ["--with-init-node", ...KERNEL_FLAGS],
  });
  await areReady(cluster.names);
  assert.deepEqual(await cluster.memberNames(), cluster.masterNames);
}, { bringsUp: true });

clusterTest("one endpoint answers for all control planes", async () => {
  const answer = await cluster.user.print(["-n", MASTERS.join(), "memory"]);
  assert.deepEqual(firstColumn(answer), [...MASTERS]);
});

clusterTest("the init node without its EPHEMERAL joins the others and founds nothing", async () => {
  const uid = await cluster.write("before");
  const before = await cluster.members();
  await cluster.user.print([
    ...["-n", FIRST, "reset", "--graceful=false", "--reboot"],
    ...["--system-labels-to-wipe", "EPHEMERAL"],
  ]);
  await eventually(async () => {
    const after = await cluster.members();
    assert.notEqual(after.get(FIRST), before.get(FIRST));
    for (const address of OTHERS) assert.equal(after.get(address), before.get(address));
  }, JOIN_MS);
  // Its former self is no member any more.
  assert.deepEqual(await cluster.memberNames(), cluster.masterNames);
  await eventually(() => areReady(cluster.names), JOIN_MS);
  assert.deepEqual(await cluster.note(), { uid, written: "before" });
});

clusterTest(
  "a leader of etcd that is cut off is replaced, and follows once it is back",
  async () => {
    const members = await cluster.members();
    const leader = await cluster.leader();
    const index = MASTERS.findIndex((address) => members.get(address) === leader);
    const [cut, others] = [cluster.masterNames[index]!, MASTERS.filter((_, i) => i !== index)];
    await cluster.plug(cut, false);
    try {
      const began = performance.now();
      await until(
        async () => assert.notEqual(await cluster.leader(others), leader),
        FAIL_OVER_MS,
      );
      say(`another leads after ${Math.round((performance.now() - began) / 1_000)} s`);
      await until(async () => void await cluster.write("without the leader"), FAIL_OVER_MS);
    } finally {
      await cluster.plug(cut, true);
    }
    await eventually(async () => assert.notEqual(await cluster.leader(), leader), JOIN_MS);
    await eventually(() => areReady(cluster.names), JOIN_MS);
    assert.deepEqual(await cluster.members(), members);
    assert.equal((await cluster.note()).written, "without the leader");
  },
);

clusterTest("a worker that is reset leaves, and a blank one takes its place", async () => {
  const [worker] = cluster.names.slice(-1);
  const replace = await cluster.replacement(worker!);
  await cluster.user.print(["-n", WORKER, "reset", "--graceful", "--reboot=false"]);
  await eventually(() => areReady(cluster.masterNames), JOIN_MS);
  await cluster.kubectl.print(["delete", "node", worker!, "--ignore-not-found"]);
  await replace();
  await eventually(() => areReady(cluster.names), JOIN_MS);
});

clusterTest("the cluster goes on without the first", async () => {
  const [first] = cluster.masterNames;
  replaceFirst = await cluster.replacement(first!);
  lost = (await cluster.members()).get(FIRST);
  await cluster.kill(first!);
  await until(async () => {
    const answer = await cluster.user.print(["-n", OTHERS.join(), "memory"]);
    assert.deepEqual(firstColumn(answer), OTHERS);
  }, FAIL_OVER_MS);
  await until(async () => void await cluster.write("without the first"), FAIL_OVER_MS);
  assert.equal((await cluster.note()).written, "without the first");
});

clusterTest("no other member may leave then", async () => {
  const [second] = OTHERS;
  const { code, stderr } = await cluster.user.run(["-n", second!, "reset", "--graceful"]);
  assert.equal(code, 1);
  assert.match(stderr, /etcd member \w+ is not healthy; all members must be healthy/);
  const answer = await cluster.user.print(["-n", OTHERS.join(), "memory"]);
  assert.deepEqual(firstColumn(answer), OTHERS);
});

clusterTest("a blank machine takes the place of the one that was lost", async () => {
  await replaceFirst();
  await eventually(
    async () => assert.notEqual((await cluster.members()).get(FIRST), lost),
    JOIN_MS,
  );
  assert.deepEqual(await cluster.memberNames(), cluster.masterNames);
  await eventually(() => areReady(cluster.names), JOIN_MS);
  assert.equal((await cluster.note()).written, "without the first");
});

/** The first words of the lines after the head. */
function firstColumn(table: string): string[] {
  return table.trimEnd().split("\n").slice(1).map((line) => line.split(/\s+/)[0] ?? "").toSorted();
}
