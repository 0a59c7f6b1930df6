import assert from "node:assert/strict";
import * as net from "node:net";
import { createSecureServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { hoursMs, issueServerLeaf, sans, tlsKey } from "$lib/pki/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { TestNode, type TestPki, testPki } from "../testing/cluster.ts";
import { DEAD_NODE } from "../testing/answers.ts";
import { machine } from "../testing/machine.ts";
import type { Client } from "./client.ts";
import { makeClient } from "./mod.ts";
import { RpcError } from "./rpc_error.ts";

const { method } = MachineService;

function clientOf(
  pki: TestPki,
  endpoints: readonly string[],
  options: { nodes?: string[]; dialMs?: number; signal?: AbortSignal } = {},
): Client {
  return makeClient({
    endpoints,
    nodes: options.nodes ?? [],
    ca: pki.ca.crt,
    cert: pki.client.crt,
    key: pki.client.key,
  }, {
    dialMs: options.dialMs ?? 2_000,
    signal: options.signal ?? new AbortController().signal,
  });
}

function serving(
  pki: TestPki,
  service: Partial<ServiceImpl<typeof MachineService>>,
): Promise<TestNode> {
  return TestNode.start(pki, (router) => void router.service(MachineService, service));
}

/** A node that answers Hostname with `name`. */
function named(pki: TestPki, name: string): Promise<TestNode> {
  return serving(pki, { hostname: () => ({ messages: [{ hostname: name }] }) });
}

Deno.test("Client.unary() names the endpoint when no nodes are addressed", async () => {
  const pki = await testPki();
  await using node = await serving(pki, machine);
  using client = clientOf(pki, [node.endpoint]);
  const [answer, ...rest] = await client.unary(method.memory, {});
  assert.deepEqual(rest, []);
  assert.equal(answer?.node, "127.0.0.1");
  assert.equal(answer?.named, false);
  assert.equal(answer?.message.meminfo?.memtotal, 7938n * 1024n);
});

Deno.test("Client.unary() keeps the answers of the living when a node is dead", async () => {
  const pki = await testPki();
  await using node = await serving(pki, machine);
  using client = clientOf(pki, [node.endpoint], { nodes: ["a", DEAD_NODE, "b"] });
  const answers = await client.unary(method.memory, {});
  assert.deepEqual(answers.map((answer) => answer.node), ["a", "b"]);
  assert.deepEqual(client.failures.map((failure) => failure.node), [DEAD_NODE]);
});

Deno.test("Client sends each node as a metadata entry of its own", async () => {
  const pki = await testPki();
  const leaf = await issueServerLeaf({
    ca: pki.ca,
    sans: sans(["127.0.0.1"]),
    now: new Date(),
    lifetimeMs: hoursMs(1),
  });
  let raw: readonly string[] = [];
  // A server of its own: headers that came twice can only be told apart in their raw form.
  const server = createSecureServer({ cert: leaf.crt, key: tlsKey(leaf.key) });
  server.on("sessionError", () => {});
  server.on("stream", (stream: ServerHttp2Stream, ...rest: unknown[]) => {
    raw = rest[2] as string[];
    const trailers = { "grpc-status": "0" };
    stream.respond({ ":status": 200, "content-type": "application/grpc", ...trailers }, {
      endStream: true,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  using client = clientOf(pki, [`127.0.0.1:${port}`], { nodes: ["a", "b"] });
  await client.unary(method.version, {}).catch(() => {});
  const nodes = raw.flatMap((name, index) => name === "nodes" ? [raw[index + 1]] : []);
  assert.deepEqual(nodes, ["a", "b"]);
  client[Symbol.dispose]();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

Deno.test("Client without nodes asks the first endpoint that connects", async () => {
  const pki = await testPki();
  await using first = await named(pki, "first");
  await using second = await named(pki, "second");
  const dead = await closedPort();
  using client = clientOf(pki, [dead, first.endpoint, second.endpoint]);
  for (let call = 0; call < 4; call++) {
    const [answer] = await client.unary(method.hostname, {});
    assert.equal(answer?.message.hostname, "first");
  }
});

Deno.test("Client with nodes balances over the endpoints and fails over when one stops", async () => {
  const pki = await testPki();
  await using first = await named(pki, "first");
  const second = await named(pki, "second");
  using client = clientOf(pki, [first.endpoint, second.endpoint], { nodes: ["x"] });
  const ask = async (): Promise<string | undefined> =>
    (await client.unary(method.hostname, {}))[0]?.message.hostname;
  const four = [await ask(), await ask(), await ask(), await ask()];
  assert.deepEqual(four.toSorted(), ["first", "first", "second", "second"]);
  await second[Symbol.asyncDispose]();
  // The session that was open is lost; what it answers last may be its end.
  await ask().catch(() => {});
  for (let call = 0; call < 4; call++) assert.equal(await ask(), "first");
});

Deno.test("Client names every endpoint when none connects", async () => {
  const pki = await testPki();
  const [first, second] = [await closedPort(), await closedPort()];
  using client = clientOf(pki, [first, second]);
  await assert.rejects(client.unary(method.version, {}), {
    name: "DialError",
    message: "Cannot connect to any of 2 endpoints:\n" +
      `\t* Cannot reach ${first}: connection refused\n` +
      `\t* Cannot reach ${second}: connection refused`,
  });
});

Deno.test("Client gives up on an endpoint that accepts and says nothing", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
  using client = clientOf(await testPki(), [endpoint], { dialMs: 200 });
  await assert.rejects(client.unary(method.version, {}), {
    message: `Cannot reach ${endpoint}: no answer within 200ms`,
  });
});

Deno.test("Client gives the status that a node answers with", async () => {
  const pki = await testPki();
  await using node = await serving(pki, {
    version: () => {
      throw new ConnectError(
        "Cannot read version: 100% of it is gone – ö",
        Code.FailedPrecondition,
      );
    },
  });
  using client = clientOf(pki, [node.endpoint]);
  await assert.rejects(client.unary(method.version, {}), {
    name: "RpcError",
    message:
      "rpc error: code = FailedPrecondition desc = Cannot read version: 100% of it is gone – ö",
  });
  await assert.rejects(client.unary(method.memory, {}), { status: "Unimplemented" });
});

Deno.test("Client ends a call at its deadline", async () => {
  const pki = await testPki();
  await using node = await serving(pki, { version: () => new Promise(() => {}) });
  using client = clientOf(pki, [node.endpoint]);
  await assert.rejects(client.unary(method.version, {}, { timeoutMs: 150 }), (error: unknown) => {
    assert.ok(error instanceof RpcError);
    assert.equal(error.status, "DeadlineExceeded");
    return true;
  });
});

Deno.test("Client.stream() yields as messages come and ends when the caller aborts", async () => {
  const pki = await testPki();
  await using node = await serving(pki, {
    async *dmesg(_request, { signal }) {
      for (let line = 0; !signal.aborted; line++) {
        yield { bytes: new TextEncoder().encode(`line ${line}\n`) };
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  });
  const abort = new AbortController();
  using client = clientOf(pki, [node.endpoint], { signal: abort.signal });
  let lines = 0;
  await assert.rejects(async () => {
    for await (const _ of client.stream(method.dmesg, { follow: true }, { follow: true })) {
      if (++lines === 5) abort.abort(new Error("interrupted"));
    }
  }, { status: "Canceled" });
  assert.equal(lines, 5);
});

Deno.test("Client.stream() carries many megabytes unharmed", async () => {
  const pki = await testPki();
  const chunk = crypto.getRandomValues(new Uint8Array(60_000));
  await using node = await serving(pki, {
    async *read() {
      for (let count = 0; count < 200; count++) yield { bytes: chunk };
    },
  });
  using client = clientOf(pki, [node.endpoint]);
  let bytes = 0;
  for await (const { message } of client.stream(method.read, { path: "/x" })) {
    bytes += message.bytes.length;
    assert.equal(message.bytes[59_999], chunk[59_999]);
  }
  assert.equal(bytes, 200 * chunk.length);
});

Deno.test("Client says why a node's certificate is not trusted", async () => {
  const [pki, other] = [await testPki(), await testPki()];
  await using node = await serving(pki, machine);
  using stranger = clientOf({ ca: other.ca, client: pki.client }, [node.endpoint]);
  await assert.rejects(stranger.unary(method.version, {}), {
    message:
      `Cannot trust ${node.endpoint}: its certificate is not signed by the CA of this context`,
  });
  const localhost = node.endpoint.replace("127.0.0.1", "localhost");
  using misnamed = clientOf(pki, [localhost]);
  await assert.rejects(misnamed.unary(method.version, {}), {
    message: `Cannot trust ${localhost}: its certificate is not valid for "localhost"`,
  });
});

Deno.test("Client says why its own certificate is refused", async () => {
  const now = new Date();
  const [pki, other] = [await testPki(new Date(now.getTime() - hoursMs(48))), await testPki()];
  await using node = await serving(pki, machine);
  for (
    const [client, want] of [
      [other.client, /: this context's client certificate is not signed by the cluster's CA$/],
      [pki.client, /: this context's client certificate expired at /],
      [{ crt: "", key: "" }, /: it wants a client certificate and this context has none$/],
    ] as const
  ) {
    using refused = clientOf({ ca: pki.ca, client }, [node.endpoint]);
    await assert.rejects(refused.unary(method.version, {}), (error: unknown) => {
      assert.ok(error instanceof RpcError);
      assert.match(error.message, /^Cannot log in to 127\.0\.0\.1:\d+: /);
      assert.match(error.message, want);
      return true;
    });
  }
});

/** `host:port` where nothing listens. */
async function closedPort(): Promise<string> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}
