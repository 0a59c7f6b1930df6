import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { ContainerDriver } from "$proto/common/common_pb.ts";
import type { ContainerEntry } from "../containers/inventory.ts";
import { containersApi, type ContainersDeps } from "./containers.ts";
import { logsApi } from "./logs.ts";
import { clientOf, collect } from "./testing.ts";
import { LogStore } from "$lib/service/mod.ts";

const POD = "kube-system/coredns-1";

function world(logPath?: string) {
  const ended: string[] = [];
  const entry = (namespace: string, id: string, pid: number): ContainerEntry => ({
    namespace,
    id,
    podId: id.replace(/:.*/, ""),
    name: id.replace(/.*[/:]/, ""),
    image: "image",
    pid,
    status: pid === 0 ? "STOPPED" : "RUNNING",
    terminate: () => Promise.resolve(void ended.push(id)),
    ...(logPath === undefined ? {} : { logPath: () => Promise.resolve(logPath) }),
  });
  const deps: ContainersDeps = {
    inventory: {
      system: () => Promise.resolve([entry("system", "etcd", 10), entry("system", "old", 0)]),
      "k8s.io": () =>
        Promise.resolve([entry("k8s.io", POD, 20), entry("k8s.io", `${POD}:coredns`, 21)]),
    },
    usage: (pid) => Promise.resolve(pid === 20 ? undefined : { memoryBytes: 5n, cpuNs: 7n }),
  };
  const handlers = {
    ...containersApi(deps),
    ...logsApi({ ...deps, logs: new LogStore(), isService: () => false }),
  };
  return { ended, client: clientOf(handlers) };
}

const PODS = { namespace: "k8s.io", driver: ContainerDriver.CRI };
const OWN = { namespace: "system", driver: ContainerDriver.CONTAINERD };

function fails(promise: Promise<unknown>, code: Code, message: RegExp): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(Code[error.code], Code[code]);
    assert.match(error.rawMessage, message);
    return true;
  });
}

Deno.test("containersApi() lists the containers of a namespace", async () => {
  const { client } = world();
  const [own] = (await client.containers(OWN)).messages;
  assert.deepEqual(own?.containers.map(({ id, pid }) => [id, pid]), [["etcd", 10], ["old", 0]]);
  const [pods] = (await client.containers(PODS)).messages;
  assert.deepEqual(
    pods?.containers.map(({ id, podId, name }) => [id, podId, name]),
    [[POD, POD, "coredns-1"], [`${POD}:coredns`, POD, "coredns"]],
  );
});

Deno.test("containersApi() refuses a namespace that it does not know, and says which there are", async () => {
  const { client } = world();
  const other = { namespace: "moby", driver: ContainerDriver.CONTAINERD };
  await fails(
    client.containers(other),
    Code.InvalidArgument,
    /"moby" is not known.*system, k8s\.io/,
  );
  const mixed = { ...OWN, driver: ContainerDriver.CRI };
  await fails(client.stats(mixed), Code.InvalidArgument, /only for K8s namespace/);
});

Deno.test("containersApi() tells the use of what runs, and leaves out what has gone", async () => {
  const { client } = world();
  const [own] = (await client.stats(OWN)).messages;
  assert.deepEqual(own?.stats.map(({ id, memoryUsage, cpuUsage }) => [id, memoryUsage, cpuUsage]), [
    ["etcd", 5n, 7n],
  ]);
  const [pods] = (await client.stats(PODS)).messages;
  assert.deepEqual(pods?.stats.map(({ id }) => id), [`${POD}:coredns`]);
});

Deno.test("containersApi() ends the one container that was named", async () => {
  const { client, ended } = world();
  await client.restart({ ...PODS, id: `${POD}:coredns` });
  assert.deepEqual(ended, [`${POD}:coredns`]);
  await fails(
    client.restart({ ...OWN, id: "nobody" }),
    Code.NotFound,
    /container "nobody" not found/,
  );
});

Deno.test("logsApi() streams the log file of a pod's container", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(
    path,
    "2026-01-01T00:00:00Z stdout F one\n2026-01-01T00:00:01Z stdout F two\n",
  );
  const { client } = world(path);
  const request = { ...PODS, id: `${POD}:coredns`, tailLines: 1 };
  assert.equal((await collect(client.logs(request))).text, "2026-01-01T00:00:01Z stdout F two\n");
  await Deno.remove(path);
});

Deno.test("logsApi() tells what has no log, in the stream", async () => {
  const { client } = world();
  const { errors } = await collect(client.logs({ ...PODS, id: POD, tailLines: -1 }));
  assert.deepEqual(errors, [`container "${POD}" keeps no log`]);
});
