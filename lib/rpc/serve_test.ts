import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type ServiceImpl } from "@connectrpc/connect";
import {
  LogsRequestSchema,
  MachineService,
  VersionResponseSchema,
} from "$proto/machine/machine_pb.ts";
import { frameOf } from "./frames.ts";
import type { GrpcServer } from "./server.ts";
import { serveUnix, type UnixOptions } from "./serve.ts";
import { answerOf, RawClient, temporaryFolder, until } from "./testing.ts";
import { type SessionTransport, unixTransport } from "./transport.ts";

const VERSION = "/machine.MachineService/Version";
const LOGS = "/machine.MachineService/Logs";
const EMPTY = frameOf(new Uint8Array(0));

interface At {
  readonly path: string;
  readonly raw: RawClient;
  readonly client: SessionTransport;
  readonly server: GrpcServer;
}

async function serving(
  impl: Partial<ServiceImpl<typeof MachineService>>,
  test: (at: At) => Promise<void>,
  options: UnixOptions = {},
): Promise<void> {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/machine.sock`;
  const server = await serveUnix(path, (router) => router.service(MachineService, impl), options);
  const client = unixTransport(path);
  try {
    await using raw = await RawClient.connect(path);
    await test({ path, raw, client, server });
  } finally {
    client.close();
    await server.close();
  }
}

const version = () => ({ messages: [{ version: { tag: "v1" } }] });

Deno.test("serveUnix() answers unary calls and streams of a Connect client", async () => {
  await serving({
    version,
    async *logs({ id }) {
      for (let line = 0; line < 3; line++) {
        yield { bytes: new TextEncoder().encode(`${id} ${line}`) };
      }
    },
  }, async ({ client }) => {
    const machine = createClient(MachineService, client);
    assert.equal((await machine.version({})).messages[0]?.version?.tag, "v1");
    const lines: string[] = [];
    for await (const { bytes } of machine.logs({ id: "apid" })) {
      lines.push(new TextDecoder().decode(bytes));
    }
    assert.deepEqual(lines, ["apid 0", "apid 1", "apid 2"]);
  });
});

/** Chunks of 64 KiB; `sent` counts those that were asked for. */
class Upload {
  sent = 0;
  async *chunks(count: number): AsyncGenerator<{ bytes: Uint8Array }> {
    for (; this.sent < count; this.sent++) yield { bytes: new Uint8Array(65_536) };
  }
}

Deno.test("serveUnix() hands a stream of requests to its handler as they come", async () => {
  let sum = 0;
  await serving({
    async etcdRecover(requests) {
      for await (const { bytes } of requests) sum += bytes.length;
      return { messages: [{}] };
    },
  }, async ({ client }) => {
    const machine = createClient(MachineService, client);
    assert.equal((await machine.etcdRecover(new Upload().chunks(100))).messages.length, 1);
    assert.equal(sum, 6_553_600);
  });
});

Deno.test("serveUnix() answers a handler that gives up on a stream of requests", async () => {
  const upload = new Upload();
  await serving({
    async etcdRecover(requests) {
      for await (const _first of requests) break;
      throw new ConnectError("it is no snapshot", Code.InvalidArgument);
    },
  }, async ({ client }) => {
    const machine = createClient(MachineService, client);
    await assert.rejects(machine.etcdRecover(upload.chunks(10_000)), /it is no snapshot/);
    assert.ok(upload.sent < 10_000);
  });
});

Deno.test("serveUnix() makes the socket with its mode, in place of what was there", async () => {
  await serving({ version }, async ({ path, server }) => {
    assert.equal((await stat(path)).mode & 0o777, 0o640);
    await server.close();
    await Deno.writeTextFile(path, "left over");
    const again = await serveUnix(path, (router) => router.service(MachineService, { version }));
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    await again.close();
  }, { mode: 0o640 });
});

Deno.test("serveUnix() answers in exact gRPC: headers, frame, trailers", async () => {
  await serving({ version }, async ({ raw }) => {
    const { headers, trailers, messages } = await raw.call(VERSION, EMPTY);
    assert.equal(headers[":status"], 200);
    assert.equal(headers["content-type"], "application/grpc");
    assert.equal(trailers["grpc-status"], "0");
    assert.equal(fromBinary(VersionResponseSchema, messages[0]!).messages[0]?.version?.tag, "v1");
  });
});

for (
  const [what, path, text] of [
    ["an unknown service", "/no.Service/Version", /unknown service no\.Service/],
    ["an unknown method", "/machine.MachineService/Nope", /unknown method Nope/],
    ["a method without implementation", "/machine.MachineService/Hostname", /unknown method/],
    ["a path without method", "/machine.MachineService", /malformed method name/],
    ["an inherited name", "/machine.MachineService/constructor", /unknown method/],
  ] as const
) {
  Deno.test(`serveUnix() answers Unimplemented, in gRPC headers, for ${what}`, async () => {
    await serving({ version }, async ({ raw }) => {
      const { headers, status } = await raw.call(path, EMPTY);
      assert.equal(headers[":status"], 200);
      assert.equal(headers["content-type"], "application/grpc");
      assert.equal(status?.code, Code.Unimplemented);
      assert.match(status.message, text);
    });
  });
}

Deno.test("serveUnix() answers HTTP 415 and 405 to what is not gRPC", async () => {
  await serving({ version }, async ({ raw }) => {
    const json = await raw.call(VERSION, EMPTY, { "content-type": "application/json" });
    assert.equal(json.headers[":status"], 415);
    const get = await raw.call(VERSION, new Uint8Array(0), { ":method": "GET" });
    assert.equal(get.headers[":status"], 405);
  });
});

for (
  const [what, body, code] of [
    ["random bytes as message", frameOf(Uint8Array.of(255, 255, 255, 1, 2)), Code.InvalidArgument],
    ["no message", new Uint8Array(0), Code.InvalidArgument],
    ["two messages", Uint8Array.of(...EMPTY, ...EMPTY), Code.InvalidArgument],
    ["half a message", Uint8Array.of(0, 0, 0, 0, 9, 1), Code.InvalidArgument],
    ["half a header", Uint8Array.of(0, 0), Code.InvalidArgument],
    ["an unknown flag", Uint8Array.of(7, 0, 0, 0, 0), Code.Internal],
    ["compression without encoding", Uint8Array.of(1, 0, 0, 0, 0), Code.Internal],
    ["a declared gigabyte", Uint8Array.of(0, 64, 0, 0, 0), Code.ResourceExhausted],
  ] as const
) {
  Deno.test(`serveUnix() answers ${Code[code]} to ${what}, and goes on`, async () => {
    await serving({ version, async *logs() {} }, async ({ raw }) => {
      const { status } = await raw.call(LOGS, body);
      assert.equal(status?.code, code, status?.message);
      assert.doesNotMatch(status.message, /\.ts|\n/);
      assert.equal((await raw.call(VERSION, EMPTY)).status?.code, 0);
    });
  });
}

Deno.test("serveUnix() inflates gzip up to its limit", async () => {
  const seen: string[] = [];
  const options = { messageBytes: 1_000 };
  const impl: Partial<ServiceImpl<typeof MachineService>> = {
    // deno-lint-ignore require-yield
    async *logs({ id }) {
      seen.push(id);
    },
  };
  await serving(impl, async ({ raw }) => {
    const gzipped = (id: string): Uint8Array => {
      const message = toBinary(LogsRequestSchema, create(LogsRequestSchema, { id }));
      const frame = frameOf(gzipSync(message));
      frame[0] = 1;
      return frame;
    };
    const gzip = { "grpc-encoding": "gzip" };
    assert.equal((await raw.call(LOGS, gzipped("etcd"), gzip)).status?.code, 0);
    const bomb = await raw.call(LOGS, gzipped("a".repeat(100_000)), gzip);
    assert.equal(bomb.status?.code, Code.ResourceExhausted);
    const other = await raw.call(LOGS, gzipped("x"), { "grpc-encoding": "snappy" });
    assert.equal(other.status?.code, Code.Unimplemented);
    assert.deepEqual(seen, ["etcd"]);
  }, options);
});

Deno.test("serveUnix() takes a message of the limit and refuses one byte more", async () => {
  const body = (length: number): Uint8Array => {
    // An unknown field of `length` bytes in all: tag 2 bytes (field 1000), length 4 bytes.
    const message = new Uint8Array(length);
    const inner = length - 6;
    message.set([
      0xc2,
      0x3e,
      inner & 127 | 128,
      inner >> 7 & 127 | 128,
      inner >> 14 & 127 | 128,
      0,
    ]);
    return frameOf(message);
  };
  await serving({ version }, async ({ raw }) => {
    const at = async (length: number): Promise<number | undefined> => {
      return (await raw.call(VERSION, body(length))).status?.code;
    };
    assert.equal(await at(99_999), 0);
    assert.equal(await at(100_000), 0);
    assert.equal(await at(100_001), Code.ResourceExhausted);
  }, { messageBytes: 100_000 });
});

Deno.test("serveUnix() translates what handlers throw and tells the log, not the client", async () => {
  const logged: string[] = [];
  const thrown: Record<string, unknown> = {
    connect: new ConnectError("no: 100%", Code.AlreadyExists),
    missing: Object.assign(new Error("Cannot open: gone"), { code: "ENOENT" }),
    kind: Object.assign(new Error("Cannot find it"), { kind: "notFound" }),
    range: new RangeError("Cannot read page 9: there are 3"),
    bug: new TypeError("x.y is undefined"),
    plain: new Error("Cannot do that: busy"),
    text: "text",
  };
  const impl: Partial<ServiceImpl<typeof MachineService>> = {
    // deno-lint-ignore require-yield
    async *logs({ id }) {
      throw thrown[id];
    },
  };
  await serving(impl, async ({ client }) => {
    const machine = createClient(MachineService, client);
    const outcome = async (id: string): Promise<[Code, string]> => {
      try {
        for await (const _ of machine.logs({ id }));
      } catch (error) {
        if (error instanceof ConnectError) return [error.code, error.rawMessage];
      }
      throw new Error("Cannot happen: the call went well");
    };
    assert.deepEqual(await outcome("connect"), [Code.AlreadyExists, "no: 100%"]);
    assert.deepEqual(await outcome("missing"), [Code.NotFound, "Cannot open: gone"]);
    assert.deepEqual(await outcome("kind"), [Code.NotFound, "Cannot find it"]);
    assert.deepEqual(await outcome("range"), [
      Code.InvalidArgument,
      "Cannot read page 9: there are 3",
    ]);
    assert.deepEqual(await outcome("bug"), [Code.Internal, "Cannot finish call: internal error"]);
    assert.deepEqual(await outcome("plain"), [Code.Unknown, "Cannot do that: busy"]);
    assert.deepEqual(await outcome("text"), [Code.Unknown, "Cannot finish call"]);
    assert.equal(logged.length, 6);
    assert.ok(logged.includes(`${LOGS} TypeError: x.y is undefined`));
  }, { onError: (path, error) => logged.push(`${path} ${String(error)}`) });
});

Deno.test("serveUnix() sends the details of a ConnectError", async () => {
  const detail = { desc: LogsRequestSchema, value: { id: "kubelet" } };
  const impl: Partial<ServiceImpl<typeof MachineService>> = {
    version() {
      throw new ConnectError("no", Code.DataLoss, undefined, [detail]);
    },
  };
  await serving(impl, async ({ client }) => {
    const machine = createClient(MachineService, client);
    const error = await machine.version({}).then(() => undefined, (reason: unknown) => reason);
    assert.ok(error instanceof ConnectError && error.code === Code.DataLoss);
    assert.equal(error.findDetails(LogsRequestSchema)[0]?.id, "kubelet");
  });
});

Deno.test("serveUnix() ends a call at its deadline and tells the handler", async () => {
  let told: unknown;
  const impl: Partial<ServiceImpl<typeof MachineService>> = {
    async version(_, { signal }) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      told = signal.reason;
      return {};
    },
  };
  await serving(impl, async ({ raw }) => {
    const { status } = await raw.call(VERSION, EMPTY, { "grpc-timeout": "60m" });
    assert.equal(status?.code, Code.DeadlineExceeded);
    await until("told", () => told !== undefined);
    assert.ok(told instanceof ConnectError && told.code === Code.DeadlineExceeded);
  });
});

Deno.test("serveUnix() tells a streaming handler that the client left", async () => {
  let ended = false;
  const impl: Partial<ServiceImpl<typeof MachineService>> = {
    async *logs(_, { signal }) {
      try {
        yield { bytes: new Uint8Array(1) };
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      } finally {
        ended = true;
      }
    },
  };
  await serving(impl, async ({ raw }) => {
    const stream = raw.open(LOGS);
    stream.end(EMPTY);
    await new Promise((resolve) => stream.once("data", resolve));
    stream.close(8);
    await until("ended", () => ended);
  });
});

Deno.test("serveUnix() makes a handler wait while its client does not read, and loses nothing", async () => {
  let sent = 0;
  const chunk = new Uint8Array(10_000);
  const impl: Partial<ServiceImpl<typeof MachineService>> = {
    async *logs() {
      for (; sent < 500; sent++) yield { bytes: chunk.fill(sent % 251) };
    },
  };
  await serving(impl, async ({ raw }) => {
    const stream = raw.open(LOGS);
    stream.end(EMPTY);
    await new Promise((resolve) => stream.once("response", resolve));
    stream.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(sent < 100, `${sent} of 500 sent though nobody reads`);
    const answer = answerOf(stream);
    stream.resume();
    const { messages, status } = await answer;
    assert.equal(status?.code, 0);
    assert.equal(messages.length, 500);
    assert.deepEqual(messages.map((m) => m.at(-1)), messages.map((_, at) => at % 251));
  });
});

Deno.test("serveUnix() drops a request that stops coming", async () => {
  await serving({ version }, async ({ raw }) => {
    const stream = raw.open(VERSION);
    const answer = answerOf(stream);
    stream.write(EMPTY.subarray(0, 3));
    assert.equal((await answer).status?.code, Code.DeadlineExceeded);
  }, { calls: { stallMs: 200 } });
});

Deno.test("serveUnix() refuses one call more than it may have open", async () => {
  const impl: Partial<ServiceImpl<typeof MachineService>> = {
    async *logs(_, { signal }) {
      yield { bytes: new Uint8Array(1) };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  };
  await serving(impl, async ({ raw }) => {
    const open = [raw.open(LOGS), raw.open(LOGS)];
    for (const stream of open) {
      stream.end(EMPTY);
      await new Promise((resolve) => stream.once("data", resolve));
    }
    const { status } = await raw.call(LOGS, EMPTY);
    assert.equal(status?.code, Code.ResourceExhausted);
    for (const stream of open) stream.close(8);
  }, { calls: { maxCalls: 2 } });
});
