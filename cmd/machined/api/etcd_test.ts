import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import { listMembers } from "$lib/etcd/mod.ts";
import { TestEtcd, testsWith } from "$lib/etcd/testing.ts";
import { putControlPlane } from "../controllers/testing.ts";
import { ETCD_SECRETS, EtcdSecrets, ROOT_ETCD, RootSecrets } from "$lib/resources/mod.ts";
import { EtcdAccess } from "../etcd/access.ts";
import { DataDirectory } from "../etcd/data_directory.ts";
import { SnapshotFile } from "../etcd/snapshot_file.ts";
import { etcdApi } from "./etcd.ts";
import { clientOf } from "./testing.ts";

const real = testsWith("etcd");

/** The API of a control plane whose etcd is this one. */
async function world(options: { worker?: boolean } = {}) {
  const cluster = await TestEtcd.make();
  const member = await cluster.start({ name: "a" });
  await cluster.healthy(member);
  const state = new ControllerWorld([]);
  await putControlPlane(state);
  await state.put(RootSecrets, ROOT_ETCD, { etcdCA: cluster.ca });
  await state.put(EtcdSecrets, ETCD_SECRETS, { etcdPeer: cluster.leaf });
  const stopped: string[] = [];
  const bootstrap = { asked: true };
  const data = new DataDirectory(`${cluster.directory}/a`);
  const snapshotFile = new SnapshotFile(`${cluster.directory}/snapshot`);
  const handlers = etcdApi({
    access: new EtcdAccess({
      state: state.state,
      addresses: () => [],
      localUrl: member.clientUrl,
    }),
    data,
    snapshotFile,
    services: {
      async stop(id) {
        stopped.push(id);
        await member.stop();
      },
    },
    bootstrap,
    hostname: () => "a",
    isControlPlane: () => !options.worker,
  });
  return {
    cluster,
    member,
    client: clientOf(handlers),
    data,
    snapshotFile,
    stopped,
    bootstrap,
    async [Symbol.asyncDispose]() {
      await state[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

function fails(call: Promise<unknown>, code: Code, message: RegExp): Promise<void> {
  return assert.rejects(call, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(Code[error.code], Code[code]);
    assert.match(error.rawMessage, message);
    return true;
  });
}

real("etcdApi() answers for its member", async () => {
  await using node = await world();
  const { client } = node;
  assert.deepEqual((await client.etcdMemberList({ queryLocal: true })).messages[0]?.members, ["a"]);
  assert.deepEqual((await client.etcdMemberList({})).messages[0]?.members, ["a"]);
  const status = (await client.etcdStatus({})).messages[0]?.memberStatus;
  assert.equal(status?.leader, status?.memberId);
  assert.equal(status?.isLearner, false);
  await fails(
    client.etcdRemoveMember({ member: "b" }),
    Code.NotFound,
    /Cannot find etcd member "b"/,
  );
  await fails(client.etcdForfeitLeadership({}), Code.Unavailable, /there is no other etcd member/);
});

real("etcdApi() does not let the last member leave", async () => {
  await using node = await world();
  await fails(node.client.etcdLeaveCluster({}), Code.FailedPrecondition, /"a" is its only member/);
  assert.deepEqual(node.stopped, []);
  assert.equal(await node.data.holdsMember(), true);
});

real("etcdApi() leaves a cluster that goes on, and removes what it had", async () => {
  await using node = await world();
  const { client, cluster, member, bootstrap } = node;
  const other = await cluster.join("b", [member]);
  await client.etcdLeaveCluster({});
  assert.deepEqual(node.stopped, ["etcd"]);
  assert.equal(await node.data.holdsMember(), false);
  assert.equal(bootstrap.asked, false);
  await cluster.healthy(other);
  using etcd = cluster.client(other);
  assert.deepEqual((await listMembers(etcd)).map(({ name }) => name), ["b"]);
});

real("etcdApi() sends a snapshot and takes it back", async () => {
  await using node = await world();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const { bytes } of node.client.etcdSnapshot({})) parts.push(new Uint8Array(bytes));
  const bytes = await new Blob(parts).bytes();
  const sum = createHash("sha256").update(bytes.subarray(0, -32)).digest();
  assert.deepEqual(Uint8Array.from(sum), bytes.slice(-32));
  await node.client.etcdRecover((async function* () {
    for (const part of parts) yield { bytes: part };
  })());
  assert.deepEqual(await Deno.readFile(node.snapshotFile.path), bytes);
});

real("etcdApi() of a worker says whom to ask", async () => {
  await using node = await world({ worker: true });
  const { client } = node;
  for (const call of [() => client.etcdMemberList({}), () => client.etcdLeaveCluster({})]) {
    await fails(call(), Code.FailedPrecondition, /ask a control plane node/);
  }
});

real("etcdApi() of a node without a member says what it waits for", async () => {
  await using node = await world();
  await node.member.stop();
  await fails(node.client.etcdStatus({}), Code.Unavailable, /Cannot reach/);
  await node.data.wipe();
  await fails(node.client.etcdStatus({}), Code.FailedPrecondition, /waits for a bootstrap/);
  await fails(
    node.client.etcdRecover((async function* () {})()),
    Code.InvalidArgument,
    /the snapshot: it is empty/,
  );
});
