import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { MemoryState, type State } from "$lib/cosi/mod.ts";
import { type ConformanceWorld, type NoteSpec, readConformance } from "$lib/cosi/conformance.ts";
import { Catalog, define, MachineConfig, NODE_DEFINITIONS, Service } from "$lib/resources/mod.ts";
import { serveUnix, unixTransport } from "$lib/rpc/mod.ts";
import { EventType, type Resource, ResourceService } from "$proto/resource/resource_pb.ts";
import { remoteState } from "./_remote_state.ts";
import { resourceService } from "./resource.ts";
import { scratch } from "./testing.ts";

const NOTE = define<NoteSpec>({
  type: "Notes.test.example.org",
  namespace: "runtime",
  initials: false,
});

interface World extends AsyncDisposable {
  readonly state: State;
  readonly client: Client<typeof ResourceService>;
}

/** A node's state behind its API, over a real unix socket. */
async function world(): Promise<World> {
  const state = new MemoryState();
  const catalog = new Catalog([...NODE_DEFINITIONS, NOTE]);
  await catalog.publish(state);
  const dir = await scratch();
  const socket = `${dir.path}/resource.sock`;
  const handlers = resourceService({ state, catalog });
  const server = await serveUnix(socket, (router) => router.service(ResourceService, handlers));
  return {
    state,
    client: createClient(ResourceService, unixTransport(socket)),
    async [Symbol.asyncDispose]() {
      await server.close();
      await dir[Symbol.asyncDispose]();
    },
  };
}

for (const { name, run } of readConformance) {
  Deno.test(`resourceService: a state over the API ${name}`, async () => {
    await using node = await world();
    const parts: ConformanceWorld = {
      writer: node.state,
      reader: remoteState(node.client),
      history: 1000,
      kind: NOTE,
    };
    await run(parts);
  });
}

Deno.test("resourceService gets a resource by alias, with the definition of its kind", async () => {
  await using node = await world();
  const { messages } = await node.client.get({ type: "NS", id: "config" });
  assert.equal(messages.length, 1);
  assert.deepEqual(plain(messages[0]?.resource), {
    namespace: "meta",
    type: "Namespaces.meta.cosi.dev",
    id: "config",
    version: "1",
    phase: "running",
    finalizers: [],
    yaml: "description: Talos node configuration.\n",
  });
  const definition = plain(messages[0]?.definition);
  assert.equal(definition.type, "ResourceDefinitions.meta.cosi.dev");
  assert.equal(definition.id, "namespaces.meta.cosi.dev");
  assert.match(definition.yaml, /^type: Namespaces\.meta\.cosi\.dev\ndisplayType: Namespace\n/);
});

Deno.test("resourceService lists definitions first, then resources by id", async () => {
  await using node = await world();
  const ids: string[] = [];
  let first = true;
  for await (const { definition, resource } of node.client.list({ type: "rd" })) {
    assert.equal(definition !== undefined, first);
    assert.equal(resource === undefined, first);
    first = false;
    if (resource) ids.push(resource.metadata?.id ?? "");
  }
  assert.deepEqual(ids, [...ids].sort());
  assert.equal(ids.filter((id) => !id.startsWith("notes.")).length, 24);
});

Deno.test("resourceService gives the configuration with its comments, byte for byte", async () => {
  await using node = await world();
  const text = "version: v1alpha1 # Indicates the schema\n# last\n";
  await node.state.create(MachineConfig, "v1alpha1", { text, config: { version: "v1alpha1" } });
  const { messages } = await node.client.get({ type: "machineconfig", id: "v1alpha1" });
  assert.equal(plain(messages[0]?.resource).yaml, text);
});

for (
  const [request, code, message] of [
    [{ type: "x", id: "" }, Code.NotFound, 'resource "x" is not registered'],
    [
      { type: "sps", id: "a" },
      Code.InvalidArgument,
      'resource type "sps" is ambiguous: ' +
      "[StaticPods.kubernetes.talos.dev StaticPodStatuses.kubernetes.talos.dev]",
    ],
    [
      { type: "svc", id: "a", namespace: "x" },
      Code.NotFound,
      'namespace "x" is not registered',
    ],
    [
      { type: "svc", id: "a" },
      Code.NotFound,
      "resource Services.v1alpha1.talos.dev(runtime/a@undefined) doesn't exist",
    ],
  ] as const
) {
  Deno.test(`resourceService answers ${message}`, async () => {
    await using node = await world();
    const refused = (error: unknown) =>
      error instanceof ConnectError && error.code === code && error.rawMessage === message;
    await assert.rejects(node.client.get(request), refused);
    if (message.endsWith("exist")) return;
    const { type, namespace = "" } = { namespace: "", ...request };
    await assert.rejects(drain(node.client.list({ type, namespace })), refused);
    await assert.rejects(drain(node.client.watch(request)), refused);
  });
}

Deno.test("resourceService watches a missing id: definition, tombstone, then what comes", async () => {
  await using node = await world();
  const over = new AbortController();
  const stream = node.client.watch({ type: "svc", id: "timed" }, { signal: over.signal });
  const messages = stream[Symbol.asyncIterator]();
  const next = async () => (await messages.next()).value;
  const first = await next();
  assert.ok(first.definition && !first.resource);
  const second = await next();
  assert.equal(second.eventType, EventType.DESTROYED);
  assert.equal(second.resource.metadata.id, "timed");
  assert.equal(second.resource.spec.yaml.length, 0);
  await node.state.create(Service, "timed", { running: true, healthy: false });
  const third = await next();
  assert.equal(third.eventType, EventType.CREATED);
  assert.equal(plain(third.resource).yaml, "running: true\nhealthy: false\n");
  over.abort();
  await assert.rejects(messages.next(), { code: Code.Canceled });
});

Deno.test("resourceService tells a watcher that stops reading for 100,000 events, and stays small", async () => {
  await using node = await world();
  await node.state.create(NOTE, "a", { text: "start" });
  const stream = node.client.watch({ type: "notes" })[Symbol.asyncIterator]();
  await stream.next();
  assert.equal((await stream.next()).value?.resource?.metadata?.version, "1");
  const text = "x".repeat(1_000);
  const before = heldBytes();
  for (let i = 1; i <= 100_000; i++) {
    await node.state.update(NOTE, "a", { text: `${i} ${text}` });
    if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const grown = heldBytes() - before;
  assert.ok(grown < 16 * 1024 * 1024, `grown by ${grown} bytes`);
  let version = 1;
  await assert.rejects(async () => {
    for (;;) {
      const { value, done } = await stream.next();
      assert.ok(!done, "the stream must not end as if all had been said");
      assert.equal(value.resource?.metadata?.version, String(++version), "no gap");
    }
  }, (error) => error instanceof ConnectError && error.code === Code.DataLoss);
  assert.ok(version < 100_000);
});

/** Bytes that are still in use after all garbage was collected. */
function heldBytes(): number {
  v8.setFlagsFromString("--expose-gc");
  const collect = vm.runInNewContext("gc") as () => void;
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

function plain(message: Resource | undefined): Record<string, unknown> & { yaml: string } {
  const { namespace, type, id, version, phase, finalizers } = message!.metadata!;
  const yaml = new TextDecoder().decode(message!.spec?.yaml);
  return { namespace, type, id, version, phase, finalizers, yaml };
}
