import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { inProcess, ServiceManager } from "$lib/service/mod.ts";
import { DataDirectory } from "../etcd/data_directory.ts";
import { Sequencer } from "../sequences/engine.ts";
import { bootstrapApi, type BootstrapApiDeps } from "./bootstrap.ts";
import { clientOf, scratch } from "./testing.ts";

async function world(changes: Partial<BootstrapApiDeps> = {}) {
  const directory = await scratch();
  const data = new DataDirectory(`${directory.path}/etcd`);
  await data.make();
  await Deno.writeTextFile(`${data.path}/leftover`, "");
  const bootstrap = { asked: false };
  const services = new ServiceManager();
  const starts: boolean[] = [];
  services.load({
    id: "etcd",
    prepare: () => {
      starts.push(bootstrap.asked);
      return Promise.resolve();
    },
    run: inProcess((signal) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve()))
    ),
  });
  services.start();
  await services.waitUp(["etcd"], { timeoutMs: 5_000 });
  const lines: string[] = [];
  const restored: boolean[] = [];
  const client = clientOf(bootstrapApi({
    services,
    data,
    bootstrap,
    isControlPlane: () => true,
    hasEtcd: () => true,
    access: { others: () => Promise.reject(new Error("nobody")) },
    snapshotFile: { exists: () => Promise.resolve(true) },
    restoreFrom: ({ skipHashCheck }) => {
      restored.push(skipHashCheck);
      return Promise.resolve();
    },
    sequencer: new Sequencer({ log: (line) => lines.push(line), report: () => {} }),
    log: (line) => lines.push(line),
    ...changes,
  }));
  return {
    client,
    data,
    starts,
    lines,
    restored,
    async done() {
      const isEnd = (line: string) => /^bootstrap sequence: (done|failed)/.test(line);
      while (!lines.some(isEnd)) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async [Symbol.asyncDispose]() {
      await services.stop();
      await directory[Symbol.asyncDispose]();
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

Deno.test("bootstrapApi() starts etcd anew as the founder, in an empty directory", async () => {
  await using node = await world();
  assert.equal((await node.client.bootstrap({})).messages.length, 1);
  await node.done();
  assert.deepEqual(node.starts, [false, true]);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(node.data.path)), []);
  assert.deepEqual(node.restored, []);
});

Deno.test("bootstrapApi() restores a snapshot first where it is told to", async () => {
  await using node = await world();
  await node.client.bootstrap({ recoverEtcd: true, recoverSkipHashCheck: true });
  await node.done();
  assert.deepEqual(node.restored, [true]);
  assert.deepEqual(node.starts, [false, true]);
});

Deno.test("bootstrapApi() refuses a second time, and keeps what the member wrote", async () => {
  await using node = await world();
  await Deno.mkdir(`${node.data.path}/member/wal`, { recursive: true });
  await Deno.writeTextFile(`${node.data.path}/member/wal/0.wal`, "all there is");
  await fails(node.client.bootstrap({}), Code.AlreadyExists, /holds a started member/);
  assert.equal(await Deno.readTextFile(`${node.data.path}/member/wal/0.wal`), "all there is");
  assert.deepEqual(node.starts, [false]);
});

for (
  const { name, changes, code, message } of [
    {
      name: "on a worker",
      changes: { isControlPlane: () => false },
      code: Code.FailedPrecondition,
      message: /^bootstrap can only be performed on a control plane node$/,
    },
    {
      name: "while the node boots",
      changes: { hasEtcd: () => false },
      code: Code.FailedPrecondition,
      message: /still booting/,
    },
    {
      name: "in a cluster that lives",
      changes: { access: { others: () => Promise.resolve(["https://10.5.0.3:2379"]) } },
      code: Code.AlreadyExists,
      message: /lives already, with etcd at https:\/\/10\.5\.0\.3/,
    },
    {
      name: "from a snapshot that is not there",
      changes: { snapshotFile: { exists: () => Promise.resolve(false) } },
      code: Code.FailedPrecondition,
      message: /there is no snapshot/,
    },
  ]
) {
  Deno.test(`bootstrapApi() refuses ${name}`, async () => {
    await using node = await world(changes);
    await fails(node.client.bootstrap({ recoverEtcd: true }), code, message);
    assert.deepEqual(node.starts, [false]);
  });
}
