import assert from "node:assert/strict";
import { insist, TestEtcd, testsWith } from "$lib/etcd/testing.ts";
import { checkQuorum, sizeFault, takeTurn } from "./quorum.ts";

const real = testsWith("etcd");
const signal = AbortSignal.timeout(120_000);

for (
  const [count, preserve, fault] of [
    [1, false, /^only 1 etcd member found/],
    [2, false, /^etcd member count\(2\) is insufficient/],
    [3, false, undefined],
    [1, true, undefined],
    [2, true, undefined],
  ] as const
) {
  const verb = fault ? "refuses" : "allows";
  Deno.test(`sizeFault() ${verb} ${count} members, preserve ${preserve}`, () => {
    const found = sizeFault(count, preserve);
    if (fault) assert.match(found ?? "", fault);
    else assert.equal(found, undefined);
  });
}

real("checkQuorum() asks each member, and names the one that does not answer", async () => {
  await using cluster = await TestEtcd.make();
  const member = await cluster.start({ name: "a" });
  await cluster.healthy(member);
  using etcd = cluster.client(member);
  const at = () => Promise.resolve(cluster.client(member));
  await assert.rejects(checkQuorum(etcd, { at, preserve: false }, signal), /^Error: only 1 etcd/);
  await checkQuorum(etcd, { at, preserve: true }, signal);
  const nowhere = () => Promise.resolve(cluster.client({ clientUrl: "https://127.0.0.1:1" }));
  await assert.rejects(
    checkQuorum(etcd, { at: nowhere, preserve: true }, signal),
    /etcd member \d+ is not healthy; all members must be healthy to perform an upgrade: /,
  );
});

real("takeTurn() lets one go at a time, and none against which there is something", async () => {
  await using cluster = await TestEtcd.make();
  const member = await cluster.start({ name: "a" });
  await cluster.healthy(member);
  using etcd = cluster.client(member);
  const nothing = () => Promise.resolve();
  const turn = await insist(() => takeTurn(etcd, nothing, { signal, waitMs: 60_000 }));
  await assert.rejects(
    takeTurn(etcd, nothing, { signal, waitMs: 300 }),
    /^Error: failed to acquire upgrade lock: .*not free within 0\.3 s/,
  );
  turn.release();
  const refusal = () => Promise.reject(new Error("only 1 etcd member found"));
  await assert.rejects(takeTurn(etcd, refusal, { signal, waitMs: 60_000 }), {
    message: "only 1 etcd member found",
  });
  (await takeTurn(etcd, nothing, { signal, waitMs: 60_000 })).release();
});
