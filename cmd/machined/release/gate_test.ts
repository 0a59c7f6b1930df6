import assert from "node:assert/strict";
import type { KubeClient } from "$lib/kube/mod.ts";
import type { ServiceStatus } from "$lib/service/mod.ts";
import { achieved, type GateDeps, missingFrom } from "./gate.ts";
import type { UpgradeRecord } from "./record.ts";

const SIGNAL = new AbortController().signal;
const RECORD: UpgradeRecord = {
  ...{ version: "v2", slot: "b", from: "v1", state: "trying", services: ["kubelet"], node: "a" },
};

function world(services: Record<string, boolean>, ready?: "True" | "False"): GateDeps {
  const status = (id: string, up: boolean): ServiceStatus => ({
    ...{ id, up, state: up ? "Running" : "Waiting", events: [] },
    health: { unknown: !up, healthy: up, lastMessage: "", lastChangeMs: 0 },
  });
  return {
    services: { list: () => Object.entries(services).map(([id, up]) => status(id, up)) },
    ownKube() {
      if (ready === undefined) return Promise.reject(new Error("no answer"));
      const node = { status: { conditions: [{ type: "Ready", status: ready }] } };
      const kube = { find: () => Promise.resolve(node) } as unknown as KubeClient;
      return Promise.resolve({ kube, node: "a", [Symbol.dispose]() {} });
    },
  };
}

for (
  const { name, deps, record, want } of [
    {
      name: "asks for the node's own services alone where there was no cluster",
      deps: world({ apid: true, kubelet: false, etcd: false }),
      record: undefined,
      want: [],
    },
    {
      name: "names a service of the node's own that is not up",
      deps: world({ apid: false, kubelet: false }),
      record: undefined,
      want: ["service apid is Waiting"],
    },
    {
      name: "asks for the services and the node of the cluster that were there before",
      deps: world({ apid: true, kubelet: false, etcd: false }, "False"),
      record: RECORD,
      want: ["service kubelet is Waiting", 'node "a" is not Ready'],
    },
    {
      name: "is content once they are back",
      deps: world({ apid: true, kubelet: true, etcd: false }, "True"),
      record: RECORD,
      want: [],
    },
    {
      name: "says that Kubernetes cannot be asked, and which service is not there at all",
      deps: world({ apid: true, kubelet: true }),
      record: { ...RECORD, services: ["etcd"] },
      want: ["service etcd is not there", 'node "a" cannot be looked at: no answer'],
    },
  ]
) {
  Deno.test(`missingFrom() ${name}`, async () => {
    assert.deepEqual(await missingFrom(deps, record, SIGNAL), want);
  });
}

Deno.test("achieved() keeps what is up, and the node where it is Ready", async () => {
  const up = { apid: true, kubelet: true, etcd: true };
  assert.deepEqual(await achieved(world(up, "True"), SIGNAL), {
    services: ["kubelet", "etcd"],
    node: "a",
  });
  assert.deepEqual(await achieved(world(up, "False"), SIGNAL), { services: ["kubelet", "etcd"] });
  assert.deepEqual(await achieved(world(up), SIGNAL), { services: ["kubelet", "etcd"] });
  assert.deepEqual(await achieved(world({ apid: true, kubelet: false }), SIGNAL), { services: [] });
});
