import assert from "node:assert/strict";
import * as net from "node:net";
import * as tls from "node:tls";
import { create, fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { frameOf, type Identity } from "$lib/rpc/mod.ts";
import { RawClient, temporaryFolder, TestPki, until } from "$lib/rpc/testing.ts";
import { DataSchema } from "$proto/common/common_pb.ts";
import { VersionResponseSchema, VersionSchema } from "$proto/machine/machine_pb.ts";
import type { ApidOptions } from "./apid.ts";
import { type MachineOf, TestCluster } from "./testing.ts";

const EMPTY = frameOf(new Uint8Array(0));
const VERSION = "/machine.MachineService/Version";
const DMESG = "/machine.MachineService/Dmesg";
const HOUR_MS = 3_600_000;

const plain: MachineOf = (host) => ({
  version: () => ({ messages: [create(VersionSchema, { version: { tag: host } })] }),
  async *dmesg() {
    for (let line = 0; line < 3; line++) {
      yield { bytes: new TextEncoder().encode(`${host} ${line}`) };
    }
  },
});

async function withCluster(
  test: (cluster: TestCluster, raw: RawClient) => Promise<void>,
  machineOf: MachineOf = plain,
  options: Partial<ApidOptions> = {},
): Promise<void> {
  await using folder = await temporaryFolder();
  await using cluster = await TestCluster.start(folder.path, machineOf, options);
  await using raw = await connect(cluster, cluster.client);
  await test(cluster, raw);
}

function connect(cluster: TestCluster, identity: Identity): Promise<RawClient> {
  return RawClient.connect({ host: "127.0.0.1", port: cluster.port, identity });
}

function versions(message: Uint8Array | undefined): (string | undefined)[][] {
  assert.ok(message);
  return fromBinary(VersionResponseSchema, message).messages.map((m) => [
    m.metadata?.hostname,
    m.version?.tag,
    m.metadata?.status && Code[m.metadata.status.code],
  ]);
}

Deno.test("startApid() passes a call without nodes to its own node, unlabelled", async () => {
  await withCluster(async (_, raw) => {
    const { messages, status } = await raw.call(VERSION, EMPTY);
    assert.equal(status?.code, 0);
    assert.deepEqual(versions(messages[0]), [[undefined, "127.0.0.1", undefined]]);
  });
});

Deno.test("startApid() asks each named node and labels the answers in the order of the names", async () => {
  await withCluster(async ({ port }, raw) => {
    const nodes = `127.0.0.2,127.0.0.1:${port}`;
    const { messages, status } = await raw.call(VERSION, EMPTY, { nodes });
    assert.equal(status?.code, 0);
    assert.deepEqual(versions(messages[0]), [
      ["127.0.0.2", "127.0.0.2", undefined],
      [`127.0.0.1:${port}`, "127.0.0.1", undefined],
    ]);
  });
});

Deno.test("startApid() turns nodes that are dead, unknown or misspelt into entries of the reply", async () => {
  await withCluster(async (_, raw) => {
    const nodes = "127.0.0.9,127.0.0.2,no such";
    const { messages, status } = await raw.call(VERSION, EMPTY, { nodes });
    assert.equal(status?.code, 0);
    assert.deepEqual(versions(messages[0]), [
      ["127.0.0.9", undefined, "Unavailable"],
      ["127.0.0.2", "127.0.0.2", undefined],
      ["no such", undefined, "InvalidArgument"],
    ]);
    const [dead] = fromBinary(VersionResponseSchema, messages[0]!).messages;
    assert.match(dead?.metadata?.error ?? "", /^rpc error: code = Unavailable desc = Cannot reach/);
    assert.match(dead?.metadata?.status?.message ?? "", /^Cannot reach 127\.0\.0\.9: /);
  });
});

Deno.test("startApid() does not let a node that never answers cost the whole deadline", async () => {
  // Takes connections and stays silent: the handshake never ends.
  const sockets = new Set<net.Socket>();
  const silent = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.3", resolve));
  const address = silent.address();
  assert.ok(typeof address === "object" && address);
  await withCluster(async (_, raw) => {
    const began = performance.now();
    const nodes = `127.0.0.3:${address.port},127.0.0.2`;
    const { messages } = await raw.call(VERSION, EMPTY, { nodes, "grpc-timeout": "30S" });
    assert.ok(performance.now() - began < 20_000);
    assert.deepEqual(versions(messages[0]), [
      [`127.0.0.3:${address.port}`, undefined, "Unavailable"],
      ["127.0.0.2", "127.0.0.2", undefined],
    ]);
  });
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
});

Deno.test("startApid() reports a node that is too slow before the call's own deadline", async () => {
  await withCluster(async (_, raw) => {
    const nodes = "127.0.0.1,127.0.0.2";
    const { messages, status } = await raw.call(VERSION, EMPTY, { nodes, "grpc-timeout": "3S" });
    assert.equal(status?.code, 0);
    assert.deepEqual(versions(messages[0]), [
      ["127.0.0.1", "127.0.0.1", undefined],
      ["127.0.0.2", undefined, "DeadlineExceeded"],
    ]);
  }, (host) => ({
    async version(request, context) {
      if (host === "127.0.0.2") {
        await new Promise((r) => context.signal.addEventListener("abort", r));
      }
      return plain(host).version!(request, context);
    },
  }));
});

Deno.test("startApid() passes errors of a node on as its entry", async () => {
  await withCluster(async (_, raw) => {
    const { messages } = await raw.call("/machine.MachineService/Hostname", EMPTY, {
      nodes: "127.0.0.1",
    });
    assert.deepEqual(versions(messages[0]), [["127.0.0.1", undefined, "Unimplemented"]]);
  });
});

Deno.test("startApid() mixes the streams of nodes and labels each message", async () => {
  await withCluster(async (_, raw) => {
    const nodes = "127.0.0.1,127.0.0.2,127.0.0.9";
    const { messages, status } = await raw.call(DMESG, EMPTY, { nodes });
    assert.equal(status?.code, 0);
    const byNode = new Map<string, string[]>();
    for (const message of messages) {
      const { metadata, bytes } = fromBinary(DataSchema, message);
      const lines = byNode.get(metadata?.hostname ?? "") ?? [];
      lines.push(metadata?.error ? "error" : new TextDecoder().decode(bytes));
      byNode.set(metadata?.hostname ?? "", lines);
    }
    assert.deepEqual([...byNode].sort(), [
      ["127.0.0.1", ["127.0.0.1 0", "127.0.0.1 1", "127.0.0.1 2"]],
      ["127.0.0.2", ["127.0.0.2 0", "127.0.0.2 1", "127.0.0.2 2"]],
      ["127.0.0.9", ["error"]],
    ]);
  });
});

Deno.test("startApid() holds all nodes back while the client of a stream does not read", async () => {
  const sent: Record<string, number> = {};
  await withCluster(async (_, raw) => {
    const stream = raw.open(DMESG, { nodes: "127.0.0.1,127.0.0.2" });
    stream.end(EMPTY);
    await new Promise((resolve) => stream.once("response", resolve));
    stream.pause();
    await new Promise((resolve) => setTimeout(resolve, 800));
    for (const [host, count] of Object.entries(sent)) {
      assert.ok(count < 300, `${host} sent ${count} of 1000 though nobody reads`);
    }
    let bytes = 0;
    stream.on("data", (chunk: Uint8Array) => bytes += chunk.length);
    stream.resume();
    await new Promise((resolve) => stream.once("close", resolve));
    assert.ok(bytes > 2 * 1_000 * 4_000);
  }, (host) => ({
    async *dmesg() {
      for (sent[host] = 0; sent[host] < 1_000; sent[host]++) yield { bytes: new Uint8Array(4_000) };
    },
  }));
});

Deno.test("startApid() answers a proxied call itself, whatever nodes it names", async () => {
  await withCluster(async (_, raw) => {
    const headers = { nodes: "127.0.0.2", proxyfrom: "10.0.0.1" };
    const { messages } = await raw.call(VERSION, EMPTY, headers);
    assert.deepEqual(versions(messages[0]), [[undefined, "127.0.0.1", undefined]]);
  });
});

Deno.test("startApid() tells the nodes where a call came from and drops the list of nodes", async () => {
  let seen: Headers | undefined;
  await withCluster(async (_, raw) => {
    await raw.call(VERSION, EMPTY, { nodes: "127.0.0.2", "x-mine": "1" });
    assert.equal(seen?.get("proxyfrom"), "127.0.0.1");
    assert.equal(seen.get("nodes"), null);
    assert.equal(seen.get("x-mine"), "1");
  }, () => ({
    version(_, { requestHeader }) {
      seen = requestHeader;
      return {};
    },
  }));
});

Deno.test("startApid() refuses an empty list of nodes and one that is too long", async () => {
  await withCluster(async (_, raw) => {
    const empty = await raw.call(VERSION, EMPTY, { nodes: "," });
    assert.equal(empty.status?.code, Code.InvalidArgument);
    const many = Array.from({ length: 257 }, (_, at) => `n${at}`).join();
    assert.equal(
      (await raw.call(VERSION, EMPTY, { nodes: many })).status?.code,
      Code.InvalidArgument,
    );
  });
});

Deno.test("startApid() tells a node's service that the client of a fan-out left", async () => {
  const left = new Set<string>();
  await withCluster(async (_, raw) => {
    const stream = raw.open(DMESG, { nodes: "127.0.0.1,127.0.0.2" });
    stream.end(EMPTY);
    await new Promise((resolve) => stream.once("data", resolve));
    stream.close(8);
    await until("left", () => left.size === 2);
  }, (host) => ({
    async *dmesg(_, { signal }) {
      yield { bytes: new Uint8Array(1) };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      left.add(host);
    },
  }));
});

for (
  const [what, body, code] of [
    ["a message over the limit", frameOf(new Uint8Array(1_001)), Code.ResourceExhausted],
    ["a declared gigabyte", Uint8Array.of(0, 64, 0, 0, 0, 1), Code.ResourceExhausted],
    ["half a message", Uint8Array.of(0, 0, 0, 0, 9, 1), Code.InvalidArgument],
    ["an unknown flag", Uint8Array.of(9, 0, 0, 0, 0), Code.Internal],
  ] as const
) {
  for (const nodes of [undefined, "127.0.0.2"]) {
    Deno.test(`startApid() answers ${Code[code]} to ${what}, nodes ${nodes}, and goes on`, async () => {
      await withCluster(
        async (_, raw) => {
          const headers = nodes === undefined ? {} : { nodes };
          assert.equal((await raw.call(VERSION, body, headers)).status?.code, code);
          assert.equal((await raw.call(VERSION, EMPTY, headers)).status?.code, 0);
        },
        plain,
        { messageBytes: 1_000 },
      );
    });
  }
}

Deno.test("startApid() serves its unix socket without certificates", async () => {
  await withCluster(async ({ nodes }) => {
    await using local = await RawClient.connect(nodes[0]!.socket);
    const { messages } = await local.call(VERSION, EMPTY, { nodes: "127.0.0.2" });
    assert.deepEqual(versions(messages[0]), [["127.0.0.2", "127.0.0.2", undefined]]);
    assert.equal((await Deno.stat(nodes[0]!.socket)).mode! & 0o777, 0o600);
  });
});

Deno.test("startApid() refuses clients without the right certificate and logs who and why", async () => {
  await withCluster(async (cluster) => {
    const { pki, nodes } = cluster;
    const { ca } = cluster.client;
    const foreign = await (await TestPki.create()).client();
    const refusals: [string, Partial<Identity>, RegExp][] = [
      ["no certificate", { ca }, /no certificate/],
      ["another CA", { ...foreign, ca }, /client certificate: .*not from our CA/],
      ["expired", await pki.client(-48 * HOUR_MS, -24 * HOUR_MS), /client certificate: expired/],
      [
        "not yet valid",
        await pki.client(24 * HOUR_MS, 48 * HOUR_MS),
        /client certificate: .*not valid yet/,
      ],
      ["server only", await pki.leaf(["serverAuth"]), /not for client authentication/],
      ["no usage", await pki.leaf([]), /not for client authentication/],
    ];
    const log = nodes[0]!.log;
    for (const [what, identity, reason] of refusals) {
      const before = log.length;
      const outcome = await attempt(cluster.port, identity);
      assert.notEqual(outcome, "answered", what);
      await until(`logged: ${what}`, () => log.length > before);
      assert.match(log[before]!, /^refused 127\.0\.0\.1:\d+: /, what);
      assert.match(log[before]!, reason, what);
    }
    assert.doesNotMatch(log.join(), /PRIVATE KEY|BEGIN/);
  });
});

Deno.test("startApid() refuses TLS 1.2, other protocols and plain text", async () => {
  await withCluster(async ({ port, client, nodes }) => {
    const options = { host: "127.0.0.1", port, ...client };
    assert.equal(
      await handshake({ ...options, maxVersion: "TLSv1.2", ALPNProtocols: ["h2"] }),
      "refused",
    );
    assert.equal(await handshake({ ...options, ALPNProtocols: ["http/1.1"] }), "refused");
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET / HTTP/1.1\r\n\r\n");
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
    await until("logged", () => nodes[0]!.log.length === 3);
  });
});

Deno.test("startApid() uses a renewed identity for new connections and keeps open streams", async () => {
  let next: (() => void) | undefined;
  await withCluster(async (cluster, raw) => {
    const { port, client, nodes, pki } = cluster;
    const seen: Uint8Array[] = [];
    const stream = raw.open(DMESG, { nodes: "127.0.0.2" });
    stream.on("data", (chunk: Uint8Array) => seen.push(chunk));
    stream.end(EMPTY);
    await until("streaming", () => seen.length === 1);
    const before = await fingerprint(port, client);
    for (const { apid } of nodes) apid.renew(await pki.server());
    const after = await fingerprint(port, client);
    assert.notEqual(after, before);
    next?.();
    await until("still streaming", () => seen.length === 2);
    const { messages } = await raw.call(VERSION, EMPTY, { nodes: "127.0.0.2" });
    assert.deepEqual(versions(messages[0]), [["127.0.0.2", "127.0.0.2", undefined]]);
    stream.close(8);
  }, (host) => ({
    ...plain(host),
    async *dmesg(_, { signal }) {
      yield { bytes: Uint8Array.of(1) };
      await new Promise<void>((resolve) => next = resolve);
      yield { bytes: Uint8Array.of(2) };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  }));
});

Deno.test("startApid() drops connections that never make a call, and serves others meanwhile", async () => {
  await withCluster(
    async ({ port }, raw) => {
      await raw.call(VERSION, EMPTY);
      const idle = Array.from({ length: 200 }, () => {
        const socket = net.connect(port, "127.0.0.1");
        socket.on("error", () => {});
        socket.resume();
        return socket;
      });
      assert.equal((await raw.call(VERSION, EMPTY)).status?.code, 0);
      await until("dropped", () => idle.every((socket) => socket.destroyed), 10_000);
      assert.equal((await raw.call(VERSION, EMPTY)).status?.code, 0);
    },
    plain,
    { limits: { handshakeMs: 500, maxConnections: 100 } },
  );
});

Deno.test("startApid() leaves no descriptors behind after many calls, cancels and refusals", async () => {
  await withCluster(async ({ port, client }, raw) => {
    const round = async (): Promise<void> => {
      for (let call = 0; call < 30; call++) {
        await raw.call(VERSION, EMPTY, call % 2 ? { nodes: "127.0.0.1,127.0.0.2" } : {});
        const stream = raw.open(DMESG);
        stream.end(EMPTY);
        await new Promise((resolve) => stream.once("data", resolve));
        stream.close(8);
        await raw.call(VERSION, Uint8Array.of(9, 9, 9, 9, 9));
      }
      await attempt(port, { ca: client.ca });
    };
    await round();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = openFiles();
    for (let rounds = 0; rounds < 5; rounds++) await round();
    await until("back", () => openFiles() <= before + 2);
  });
});

/** What a call as `identity` comes to. */
async function attempt(port: number, identity: Partial<Identity>): Promise<string> {
  try {
    await using raw = await RawClient.connect({ host: "127.0.0.1", port, identity });
    const { status } = await raw.call(VERSION, EMPTY);
    return status ? "answered" : "closed";
  } catch (error) {
    return String(error);
  }
}

function handshake(options: tls.ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket = tls.connect(options);
    socket.once("secureConnect", () => {
      socket.destroy();
      resolve("connected");
    });
    socket.on("error", () => resolve("refused"));
    socket.on("close", () => resolve("refused"));
  });
}

function fingerprint(port: number, client: Identity): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, ...client, ALPNProtocols: ["h2"] };
    const socket = tls.connect(options, () => {
      resolve(socket.getPeerCertificate(false).fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

function openFiles(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}
