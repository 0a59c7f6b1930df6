import assert from "node:assert/strict";
import { readKey, snapshot, writeKey } from "$lib/etcd/mod.ts";
import { componentProgram, TestEtcd, testsWith } from "$lib/etcd/testing.ts";
import { DataDirectory } from "./data_directory.ts";
import { ETCD_DATA_DIR, ETCD_SNAPSHOT } from "./places.ts";
import { restoreContainer } from "./restore.ts";
import { SnapshotFile } from "./snapshot_file.ts";

const real = testsWith("etcd", "etcdutl");

/** Runs what the container of the restore would run, in the directory of a test. */
async function restore(cluster: TestEtcd, { skipHashCheck }: { skipHashCheck: boolean }) {
  const identity = { name: "b", address: "10.5.0.2" };
  const [, ...args] = restoreContainer(identity, { skipHashCheck }).args.map((text) =>
    text.replace(ETCD_SNAPSHOT, `${cluster.directory}/snapshot`)
      .replace(ETCD_DATA_DIR, `${cluster.directory}/b`)
  );
  const { code, stderr } = await new Deno.Command(componentProgram("etcdutl") ?? "", { args })
    .output();
  return { code, text: new TextDecoder().decode(stderr) };
}

real("restoreContainer() brings a wiped cluster back with the same keys", async () => {
  await using cluster = await TestEtcd.make();
  const file = new SnapshotFile(`${cluster.directory}/snapshot`);
  let before;
  {
    const member = await cluster.start({ name: "a" });
    await cluster.healthy(member);
    using etcd = cluster.client(member);
    for (let n = 0; n < 50; n++) await writeKey(etcd, `/registry/things/${n}`, `value ${n}`);
    before = (await readKey(etcd, "/registry/things/7")).revision;
    await file.write(snapshot(etcd));
    await member.stop();
  }
  const data = new DataDirectory(`${cluster.directory}/b`);
  await data.make();
  const { code, text } = await restore(cluster, { skipHashCheck: false });
  assert.equal(code, 0, text);
  assert.equal(await data.holdsMember(), true);
  const member = await cluster.start({ name: "b" });
  await cluster.healthy(member);
  using etcd = cluster.client(member);
  const { value, revision } = await readKey(etcd, "/registry/things/7");
  assert.equal(value, "value 7");
  // No client of before may take an old revision for a new one.
  assert.ok(BigInt(revision) > BigInt(before) + 900_000_000n);
});

real(
  "restoreContainer() refuses a snapshot that is not whole, unless it is told",
  async () => {
    await using cluster = await TestEtcd.make();
    const member = await cluster.start({ name: "a" });
    await cluster.healthy(member);
    using etcd = cluster.client(member);
    const bytes = await new Blob(await Array.fromAsync(snapshot(etcd))).bytes();
    const path = `${cluster.directory}/snapshot`;
    await Deno.writeFile(path, bytes.subarray(0, -32));
    assert.notEqual((await restore(cluster, { skipHashCheck: false })).code, 0);
    await new DataDirectory(`${cluster.directory}/b`).wipe();
    assert.equal((await restore(cluster, { skipHashCheck: true })).code, 0);
  },
);
