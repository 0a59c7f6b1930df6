import assert from "node:assert/strict";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { WellCluster } from "$lib/health/testing.ts";
import type { KubeClient, ResourceType } from "$lib/kube/mod.ts";
import { ClusterService } from "$proto/cluster/cluster_pb.ts";
import {
  MachineService,
  SequenceEvent_Action,
  SequenceEventSchema,
} from "$proto/machine/machine_pb.ts";
import { toBinary } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { clusterService } from "./cluster.ts";
import { machineReader } from "./machine_reader.ts";

/** The lines of HealthCheck about this cluster. */
async function check(well: WellCluster, nodes: string[] = [], waitMs = 60_000) {
  const asked: (string | undefined)[] = [];
  const kube = {
    list: async ({ plural }: ResourceType, { labelSelector = "" } = {}) => ({
      items: plural === "nodes" ? await well.kube.nodes() : await well.kube.pods(labelSelector),
    }),
    [Symbol.dispose]() {},
  } as unknown as KubeClient;
  const handlers = clusterService({
    kube(endpoint) {
      asked.push(endpoint);
      return Promise.resolve(kube);
    },
    machines: () => ({ ...well.machine, [Symbol.dispose]() {} }),
  });
  const client = createClient(
    ClusterService,
    createRouterTransport(({ service }) => void service(ClusterService, handlers)),
  );
  const lines: string[] = [];
  const request = {
    waitTimeout: { seconds: BigInt(Math.floor(waitMs / 1000)), nanos: (waitMs % 1000) * 1e6 },
    clusterInfo: { controlPlaneNodes: nodes, forceEndpoint: "https://k:6443" },
  };
  const outcome = (async () => {
    for await (const { message } of client.healthCheck(request)) lines.push(message);
  })();
  const error = await outcome.then(() => undefined, (error) => error);
  return { lines, error, asked };
}

Deno.test("clusterService() finds the nodes in Kubernetes and tells each check", async () => {
  const { lines, error, asked } = await check(new WellCluster());
  assert.equal(error, undefined);
  assert.equal(lines[0], "waiting for control plane nodes to register: ...");
  assert.ok(lines.includes("waiting for etcd to be healthy: OK"));
  assert.equal(lines.at(-1), "waiting for all k8s nodes to report schedulable: OK");
  assert.deepEqual(asked, ["https://k:6443"]);
});

Deno.test("clusterService() ends with the reason when a named node is not well in time", async () => {
  const well = new WellCluster();
  well.services = [{ id: "etcd", state: "Preparing", healthy: undefined, message: "" }];
  const { error, lines } = await check(well, ["10.0.0.1"], 1_000);
  assert.ok(error instanceof ConnectError && error.code === Code.Unavailable);
  assert.match(error.rawMessage, /last for etcd to be healthy: .*"etcd" is Preparing/);
  assert.equal(lines[0], "waiting for etcd to be healthy: ...");
});

/** A node's machine service, which tells apart who called it how. */
function transportOf(calls: string[], name: string, error = "") {
  return createRouterTransport(({ service }) => {
    service(MachineService, {
      version(_request, { requestHeader }) {
        calls.push(`${name} ${requestHeader.get("nodes")}`);
        return { messages: [error ? { metadata: { error } } : {}] };
      },
      serviceList: () => ({ messages: [{ services: [{ id: "etcd", state: "Running" }] }] }),
      async *events(_request, { signal }) {
        const value = toBinary(
          SequenceEventSchema,
          create(SequenceEventSchema, {
            sequence: "boot",
            action: SequenceEvent_Action.STOP,
          }),
        );
        yield { data: { typeUrl: "talos/runtime/machine.SequenceEvent", value } };
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    });
  });
}

Deno.test("machineReader() asks this node itself and the others through apid", async () => {
  const calls: string[] = [];
  const paths = {
    local: transportOf(calls, "local"),
    apid: transportOf(calls, "apid"),
    isLocal: (node: string) => node === "10.0.0.1",
  };
  const reader = machineReader(paths, new AbortController().signal);
  await reader.ready("10.0.0.1");
  await reader.ready("10.0.0.2");
  assert.deepEqual(calls, ["local null", "apid 10.0.0.2"]);
  const [etcd] = await reader.services("10.0.0.2");
  assert.deepEqual([etcd?.id, etcd?.state, etcd?.healthy], ["etcd", "Running", undefined]);
  assert.equal(await reader.booted("10.0.0.1"), true);
});

Deno.test("machineReader() takes what apid tells of a node that failed for its failure", async () => {
  const paths = {
    local: transportOf([], "local"),
    apid: transportOf([], "apid", "connection refused"),
    isLocal: () => false,
  };
  const reader = machineReader(paths, new AbortController().signal);
  await assert.rejects(reader.ready("10.0.0.2"), /connection refused/);
});
