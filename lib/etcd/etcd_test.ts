import assert from "node:assert/strict";
import {
  checkHealth,
  deleteKey,
  EtcdError,
  forfeitLeadership,
  listMembers,
  memberNamed,
  memberStatus,
  readKey,
  removeMember,
  snapshot,
  untilChanged,
  withMutex,
  writeKey,
} from "./mod.ts";
import { insist, TestEtcd, testsWith } from "./testing.ts";

const real = testsWith("etcd");

real(
  "readKey() gives what writeKey() wrote, and untilChanged() tells of its end",
  async () => {
    await using cluster = await TestEtcd.make();
    const member = await cluster.start({ name: "a" });
    await cluster.healthy(member);
    using etcd = cluster.client(member);
    assert.equal((await readKey(etcd, "initialized")).value, undefined);
    await writeKey(etcd, "initialized", "true");
    const { value, revision } = await readKey(etcd, "initialized");
    assert.equal(value, "true");
    const signal = AbortSignal.timeout(30_000);
    const changed = untilChanged(etcd, "initialized", { revision, signal });
    await deleteKey(etcd, "initialized");
    await changed;
    assert.equal(signal.aborted, false);
    assert.equal((await readKey(etcd, "initialized")).value, undefined);
  },
);

real("EtcdClient says what etcd refused, and what cannot be reached", async () => {
  await using cluster = await TestEtcd.make();
  const member = await cluster.start({ name: "a" });
  await cluster.healthy(member);
  using etcd = cluster.client(member);
  await assert.rejects(removeMember(etcd, "12345"), (error) => {
    assert.ok(error instanceof EtcdError);
    assert.match(error.message, /Cannot call etcd cluster\/member\/remove: .*member not found/);
    return true;
  });
  await member.stop();
  await assert.rejects(checkHealth(etcd, { timeoutMs: 5_000 }), /Cannot reach "https:\/\/127/);
});

real(
  "withMutex() lets one go after the other, also when a holder fails or is cut off",
  async () => {
    await using cluster = await TestEtcd.make();
    const member = await cluster.start({ name: "a" });
    await cluster.healthy(member);
    const name = "talos:v1:testMutex";
    let inside = 0;
    let most = 0;
    const turns: number[] = [];
    const work = async (turn: number) => {
      inside++;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 20));
      turns.push(turn);
      inside--;
      if (turn === 2) throw new Error("the third fails");
    };
    const clients = Array.from({ length: 6 }, () => cluster.client(member));
    const results = await Promise.allSettled(
      clients.map((etcd, turn) => withMutex(etcd, { name }, () => work(turn))),
    );
    assert.equal(most, 1);
    assert.deepEqual(turns.toSorted(), [0, 1, 2, 3, 4, 5]);
    assert.equal(results.filter(({ status }) => status === "rejected").length, 1);
    const [first, second] = clients;
    assert.ok(first && second);
    await withMutex(first, { name }, async () => {
      const late = withMutex(second, { name, waitMs: 300 }, () => Promise.resolve());
      await assert.rejects(late, /Cannot lock "talos:v1:testMutex": not free within 0.3 s/);
      // One wait, and not one for each member that may be asked.
      using any = cluster.client(member, member, member);
      const begunMs = performance.now();
      await assert.rejects(withMutex(any, { name, waitMs: 2_000 }, () => Promise.resolve()));
      assert.ok(performance.now() - begunMs < 4_000);
    });
    await withMutex(second, { name, waitMs: 10_000 }, () => Promise.resolve());
    for (const client of clients) client[Symbol.dispose]();
  },
);

real("withMutex() ends the work when the lease is over", async () => {
  await using cluster = await TestEtcd.make();
  const member = await cluster.start({ name: "a" });
  await cluster.healthy(member);
  using etcd = cluster.client(member);
  await withMutex(etcd, { name: "m", ttlSeconds: 2 }, async (signal) => {
    await member.stop();
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    assert.match(String(signal.reason), /lease of the mutex is over/);
  });
});

real("members of three real etcds join, lead in turn, and leave", async () => {
  await using cluster = await TestEtcd.make();
  const a = await cluster.start({ name: "a" });
  await cluster.healthy(a);
  const b = await cluster.join("b", [a]);
  const c = await cluster.join("c", [a, b]);
  using etcd = cluster.client(a);
  const members = await listMembers(etcd);
  assert.deepEqual(members.map(({ name, learner }) => [name, learner]), [
    ["a", false],
    ["b", false],
    ["c", false],
  ]);
  const next = await forfeitLeadership(etcd);
  assert.ok(next === "b" || next === "c");
  assert.equal(await forfeitLeadership(etcd), undefined);
  const status = await memberStatus(etcd);
  assert.equal(status.leader, memberNamed(members, next).id);
  assert.equal(status.memberId, memberNamed(members, "a").id);
  assert.ok(status.dbSizeBytes > 0n);
  await insist(() => removeMember(etcd, memberNamed(members, "c").id));
  assert.deepEqual((await listMembers(etcd)).map(({ name }) => name), ["a", "b"]);
  assert.throws(() => memberNamed(members, "z"), /Cannot find etcd member "z": the members are a/);
  await c.stop();
  // The first member is gone: the client goes on with the next one it knows.
  using both = cluster.client({ clientUrl: "https://127.0.0.1:1" }, b);
  await checkHealth(both);
});

real("snapshot() gives a whole database with its checksum", async () => {
  await using cluster = await TestEtcd.make();
  const member = await cluster.start({ name: "a" });
  await cluster.healthy(member);
  using etcd = cluster.client(member);
  await writeKey(etcd, "big", "x".repeat(300_000));
  const bytes = await new Blob(await Array.fromAsync(snapshot(etcd))).bytes();
  const sum = bytes.subarray(bytes.length - 32);
  const digest = await crypto.subtle.digest("SHA-256", bytes.subarray(0, bytes.length - 32));
  assert.equal(sum.toHex(), new Uint8Array(digest).toHex());
  assert.ok(bytes.length > 300_000);
});

real("withMutex() tells its holder that the lease is over before etcd gives it away", async () => {
  await using cluster = await TestEtcd.make();
  const member = await cluster.start({ name: "a" });
  await cluster.healthy(member);
  using etcd = cluster.client(member);
  const ttlSeconds = 3;
  const held = withMutex(etcd, { name: "held", ttlSeconds }, async (lost) => {
    // Renewed a second later; after that nobody answers.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    member.freeze();
    const frozenMs = performance.now();
    await new Promise((resolve) => lost.addEventListener("abort", resolve, { once: true }));
    return (performance.now() - frozenMs) / 1_000;
  });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const seconds = await held;
  assert.ok(seconds > 1.5 && seconds < ttlSeconds, `told after ${seconds.toFixed(2)} s`);
});
