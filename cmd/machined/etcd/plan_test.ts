import assert from "node:assert/strict";
import type { EtcdClient } from "$lib/etcd/mod.ts";
import { KubeError } from "$lib/kube/mod.ts";
import { UnreachableError } from "$lib/secure_http/mod.ts";
import { type Founding, planMember } from "./plan.ts";

const identity = { name: "a", address: "10.5.0.2" };
const ALONE = ["a=https://10.5.0.2:2380"];

/** Members as etcd's JSON has them, and the calls that reach them. */
function fakeCluster(members: { ID: string; name?: string; peerURLs: string[] }[]) {
  const calls: string[] = [];
  const client = {
    call(method: string, request: { peerURLs?: string[]; ID?: string }) {
      calls.push(`${method} ${request.peerURLs?.[0] ?? request.ID ?? ""}`.trim());
      if (method.endsWith("remove")) members = members.filter(({ ID }) => ID !== request.ID);
      if (method.endsWith("add")) {
        members = [...members, { ID: "9", peerURLs: request.peerURLs ?? [] }];
        return Promise.resolve({ member: members.at(-1), members });
      }
      return Promise.resolve({ members });
    },
    [Symbol.dispose]() {},
  } as unknown as EtcdClient;
  return { calls, client };
}

function plan(
  { founding, hadCompany = false, holdsMember = false, others = [], client }: {
    founding: Founding;
    hadCompany?: boolean;
    holdsMember?: boolean;
    others?: string[] | Error;
    client?: EtcdClient;
  },
  signal = new AbortController().signal,
) {
  return planMember({
    identity,
    founding,
    hadCompany,
    data: { holdsMember: () => Promise.resolve(holdsMember) },
    access: {
      others: () => others instanceof Error ? Promise.reject(others) : Promise.resolve(others),
      at: () => Promise.resolve(client as EtcdClient),
    },
    log: () => {},
  }, signal);
}

for (const founding of ["asked", "ifAlone", "never"] as const) {
  Deno.test(`planMember() goes on with the data that is there, founding ${founding}`, async () => {
    const found = await plan({ founding, holdsMember: true });
    assert.deepEqual(found, { state: "existing", initialCluster: ALONE });
  });
}

Deno.test("planMember() founds a cluster when it is asked to", async () => {
  assert.deepEqual(await plan({ founding: "asked" }), { state: "new", initialCluster: ALONE });
});

Deno.test("planMember() of an init machine whose disk was wiped joins the cluster that lives", async () => {
  const { client, calls } = fakeCluster([
    { ID: "1", name: "a", peerURLs: ["https://10.5.0.2:2380"] },
    { ID: "2", name: "b", peerURLs: ["https://10.5.0.3:2380"] },
  ]);
  const found = await plan({ founding: "ifAlone", others: ["https://10.5.0.3:2379"], client });
  assert.deepEqual(found, {
    state: "existing",
    initialCluster: ["b=https://10.5.0.3:2380", "a=https://10.5.0.2:2380"],
  });
  assert.deepEqual(calls, [
    "cluster/member/list",
    "cluster/member/remove 1",
    "cluster/member/add https://10.5.0.2:2380",
  ]);
});

Deno.test("planMember() takes up an addition that it did not live to use", async () => {
  const { client, calls } = fakeCluster([
    { ID: "2", name: "b", peerURLs: ["https://10.5.0.3:2380"] },
    { ID: "3", peerURLs: ["https://10.5.0.2:2380"] },
  ]);
  const found = await plan({ founding: "never", others: ["https://10.5.0.3:2379"], client });
  assert.deepEqual(found.initialCluster.toSorted(), [
    "a=https://10.5.0.2:2380",
    "b=https://10.5.0.3:2380",
  ]);
  assert.deepEqual(calls, ["cluster/member/list"]);
});

Deno.test("planMember() never founds a cluster unasked, and leaves when it is told to", async () => {
  const over = new AbortController();
  const waiting = plan({ founding: "never", others: new Error("refused") }, over.signal);
  over.abort(new Error("stopped"));
  await assert.rejects(waiting, /stopped/);
});

const SILENT = new UnreachableError("Cannot reach the control plane");
for (
  const [when, more] of [
    [
      "an API server answers with errors",
      { others: new KubeError(503, "ServiceUnavailable", "etcd has no leader") },
    ],
    ["others that it had are silent", { hadCompany: true, others: SILENT }],
  ] as const
) {
  Deno.test(`planMember() of an init machine founds nothing while ${when}`, async () => {
    const over = new AbortController();
    const waiting = plan({ founding: "ifAlone", ...more }, over.signal);
    const founded = await Promise.race([
      waiting.catch(() => "ended"),
      new Promise((resolve) => setTimeout(resolve, 500, "waits")),
    ]);
    assert.equal(founded, "waits");
    over.abort(new Error("stopped"));
    await assert.rejects(waiting, /stopped/);
  });
}

Deno.test("planMember() of an init machine founds a cluster where nobody ever answered", async () => {
  const found = await plan({ founding: "ifAlone", others: SILENT });
  assert.deepEqual(found, { state: "new", initialCluster: ALONE });
});
