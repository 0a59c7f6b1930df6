import assert from "node:assert/strict";
import * as http2 from "node:http2";
import { Code } from "@connectrpc/connect";
import { frameOf, type GrpcServer, serveUnix } from "$lib/rpc/mod.ts";
import { answerOf, RawClient, temporaryFolder, until } from "$lib/rpc/testing.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { TimeService } from "$proto/time/time_pb.ts";
import { startRouter } from "./router.ts";
import { backendOf } from "./routes.ts";

const EMPTY = frameOf(new Uint8Array(0));
const VERSION = "/machine.MachineService/Version";

interface World {
  readonly folder: string;
  readonly raw: RawClient;
  readonly router: GrpcServer;
}

async function routing(
  test: (world: World) => Promise<void>,
  options: { messageBytes?: number } = {},
): Promise<void> {
  await using temporary = await temporaryFolder();
  const folder = temporary.path;
  const backends = {
    machined: `${folder}/machined.sock`,
    networkd: `${folder}/networkd.sock`,
    timed: `${folder}/timed.sock`,
  };
  const router = await startRouter({ socket: `${folder}/routerd.sock`, backends, ...options });
  try {
    await using raw = await RawClient.connect(`${folder}/routerd.sock`);
    await test({ folder, raw, router });
  } finally {
    await router.close();
  }
}

/** An HTTP/2 server that handles streams as the test says. */
async function rawBackend(
  path: string,
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
): Promise<{ close(): Promise<void> }> {
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    onStream(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

for (
  const [service, backend] of [
    ["machine.MachineService", "machined"],
    ["resource.ResourceService", "machined"],
    ["inspect.InspectService", "machined"],
    ["cluster.ClusterService", "machined"],
    ["configuration.ConfigurationService", "machined"],
    ["network.NetworkService", "networkd"],
    ["time.TimeService", "timed"],
    ["securityapi.SecurityService", undefined],
    ["storage.StorageService", "machined"],
    ["health.Health", undefined],
    ["constructor", undefined],
  ] as const
) {
  Deno.test(`backendOf() gives ${backend} for ${service}`, () => {
    assert.equal(backendOf(service), backend);
  });
}

Deno.test("startRouter() sends each service to its own component", async () => {
  await routing(async ({ folder, raw }) => {
    const machined = await serveUnix(
      `${folder}/machined.sock`,
      (router) => router.service(MachineService, { version: () => ({}) }),
    );
    const timed = await serveUnix(
      `${folder}/timed.sock`,
      (router) => router.service(TimeService, { time: () => ({}) }),
    );
    assert.equal((await raw.call(VERSION, EMPTY)).status?.code, 0);
    assert.equal((await raw.call("/time.TimeService/Time", EMPTY)).status?.code, 0);
    await machined.close();
    await timed.close();
  });
});

Deno.test("startRouter() answers Unknown for a service it does not route", async () => {
  await routing(async ({ raw }) => {
    const { headers, status } = await raw.call("/health.Health/Check", EMPTY);
    assert.equal(headers[":status"], 200);
    assert.deepEqual(status, {
      code: Code.Unknown,
      message: "service health.Health is not defined",
    });
  });
});

Deno.test("startRouter() answers Unavailable and names the component that is down, until it is up", async () => {
  await routing(async ({ folder, raw }) => {
    const { status } = await raw.call("/network.NetworkService/Routes", EMPTY);
    assert.equal(status?.code, Code.Unavailable);
    assert.match(status.message, /Cannot reach networkd: /);
    const networkd = await rawBackend(`${folder}/networkd.sock`, (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": 0 }, {
        endStream: true,
      });
    });
    assert.equal((await raw.call("/network.NetworkService/Routes", EMPTY)).status?.code, 0);
    await networkd.close();
    const gone = await raw.call("/network.NetworkService/Routes", EMPTY);
    assert.equal(gone.status?.code, Code.Unavailable);
  });
});

Deno.test("startRouter() passes headers, messages and trailers as they are, both ways", async () => {
  await routing(async ({ folder, raw }) => {
    let seen: http2.IncomingHttpHeaders = {};
    const machined = await rawBackend(`${folder}/machined.sock`, (stream, headers) => {
      seen = headers;
      stream.respond(
        { ":status": 200, "content-type": "application/grpc+proto", "x-head": "1" },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () => {
        stream.sendTrailers({
          "grpc-status": "9",
          "grpc-message": "not%20now %E2%98%83",
          "grpc-status-details-bin": "CAkSAm5v",
          "x-tail": "2",
        });
      });
      stream.pipe(stream);
    });
    const body = new Uint8Array(300_005).map((_, at) => at % 251);
    body.set([0, 0, 4, 147, 224]);
    const answer = await raw.call(VERSION, body, { "x-mine": "a, b", "key-bin": "AAE" });
    assert.equal(seen["x-mine"], "a, b");
    assert.equal(seen["key-bin"], "AAE");
    assert.equal(answer.headers["x-head"], "1");
    assert.equal(answer.headers["content-type"], "application/grpc+proto");
    assert.deepEqual(answer.status, { code: 9, message: "not now ☃" });
    assert.equal(answer.trailers["grpc-status-details-bin"], "CAkSAm5v");
    assert.equal(answer.trailers["x-tail"], "2");
    assert.equal(answer.messages.length, 1);
    assert.deepEqual(answer.messages[0], body.subarray(5));
    await machined.close();
  });
});

Deno.test("startRouter() makes the deadline of a unary call explicit and keeps a stream's open", async () => {
  await routing(async ({ folder, raw }) => {
    const seen: unknown[] = [];
    const machined = await rawBackend(`${folder}/machined.sock`, (stream, headers) => {
      seen.push(headers["grpc-timeout"]);
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": 0 }, {
        endStream: true,
      });
    });
    await raw.call(VERSION, EMPTY);
    await raw.call(VERSION, EMPTY, { "grpc-timeout": "7S" });
    await raw.call("/machine.MachineService/Dmesg", EMPTY);
    assert.deepEqual(seen, ["300000m", "7000m", undefined]);
    await machined.close();
  });
});

Deno.test("startRouter() ends a call at its deadline and tells the component", async () => {
  await routing(async ({ folder, raw }) => {
    let rstCode = 0;
    const machined = await rawBackend(`${folder}/machined.sock`, (stream) => {
      stream.once("close", () => rstCode = stream.rstCode ?? 0);
      stream.resume();
    });
    const { status } = await raw.call(VERSION, EMPTY, { "grpc-timeout": "100m" });
    assert.equal(status?.code, Code.DeadlineExceeded);
    await until("told", () => rstCode === http2.constants.NGHTTP2_CANCEL);
    await machined.close();
  });
});

Deno.test("startRouter() refuses a deadline that is none", async () => {
  await routing(async ({ raw }) => {
    const { status } = await raw.call(VERSION, EMPTY, { "grpc-timeout": "soon" });
    assert.equal(status?.code, Code.Internal);
    assert.match(status.message, /Cannot parse grpc-timeout: "soon"/);
  });
});

Deno.test("startRouter() tells the component that the client left", async () => {
  await routing(async ({ folder, raw }) => {
    let rstCode = 0;
    const machined = await rawBackend(`${folder}/machined.sock`, (stream) => {
      stream.once("close", () => rstCode = stream.rstCode ?? 0);
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(EMPTY);
    });
    const stream = raw.open("/machine.MachineService/Dmesg");
    stream.end(EMPTY);
    await new Promise((resolve) => stream.once("data", resolve));
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await until("told", () => rstCode === http2.constants.NGHTTP2_CANCEL);
    await machined.close();
  });
});

for (
  const [what, answer, code] of [
    ["resets the stream", (s: http2.ServerHttp2Stream) => s.close(2), Code.Internal],
    ["refuses the stream", (s: http2.ServerHttp2Stream) => s.close(7), Code.Unavailable],
    ["cancels the stream", (s: http2.ServerHttp2Stream) => s.close(8), Code.Canceled],
    [
      "answers bare HTTP",
      (s: http2.ServerHttp2Stream) => s.respond({ ":status": 404 }, { endStream: true }),
      Code.Unimplemented,
    ],
    [
      "ends without status",
      (s: http2.ServerHttp2Stream) => {
        s.respond({ ":status": 200, "content-type": "application/grpc" });
        s.end();
      },
      Code.Internal,
    ],
    [
      "drops the connection",
      (s: http2.ServerHttp2Stream) => s.session?.destroy(),
      Code.Unavailable,
    ],
  ] as const
) {
  Deno.test(`startRouter() answers ${Code[code]} when the component ${what}`, async () => {
    await routing(async ({ folder, raw }) => {
      const machined = await rawBackend(`${folder}/machined.sock`, (stream) => {
        stream.resume();
        answer(stream);
      });
      const { headers, status } = await raw.call(VERSION, EMPTY);
      assert.equal(headers[":status"], 200);
      assert.equal(status?.code, code, status?.message);
      await machined.close();
    });
  });
}

for (
  const [what, body, code] of [
    ["a message over the limit", frameOf(new Uint8Array(1_001)), Code.ResourceExhausted],
    ["a declared gigabyte", Uint8Array.of(0, 64, 0, 0, 0, 1), Code.ResourceExhausted],
    ["an unknown flag", Uint8Array.of(9, 0, 0, 0, 0), Code.Internal],
    ["half a message", Uint8Array.of(0, 0, 0, 0, 9, 1), Code.InvalidArgument],
  ] as const
) {
  Deno.test(`startRouter() answers ${Code[code]} to ${what}, and goes on`, async () => {
    await routing(async ({ folder, raw }) => {
      const machined = await serveUnix(
        `${folder}/machined.sock`,
        (router) => router.service(MachineService, { version: () => ({}) }),
      );
      assert.equal((await raw.call(VERSION, body)).status?.code, code);
      assert.equal((await raw.call(VERSION, EMPTY)).status?.code, 0);
      await machined.close();
    }, { messageBytes: 1_000 });
  });
}

Deno.test("startRouter() holds a component back while the client does not read, and loses nothing", async () => {
  await routing(async ({ folder, raw }) => {
    let sent = 0;
    const total = 2_000;
    const machined = await serveUnix(
      `${folder}/machined.sock`,
      (router) =>
        router.service(MachineService, {
          async *dmesg() {
            const view = new DataView(new ArrayBuffer(4_000));
            for (; sent < total; sent++) {
              view.setUint32(0, sent);
              yield { bytes: new Uint8Array(view.buffer.slice(0)) };
            }
          },
        }),
    );
    const stream = raw.open("/machine.MachineService/Dmesg");
    stream.end(EMPTY);
    await new Promise((resolve) => stream.once("response", resolve));
    stream.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.ok(sent < total / 4, `${sent} of ${total} sent though nobody reads`);
    // Others are served meanwhile, over the same connections.
    const other = await raw.call("/machine.MachineService/Hostname", EMPTY);
    assert.equal(other.status?.code, Code.Unimplemented);
    const answer = answerOf(stream);
    stream.resume();
    const { messages, status } = await answer;
    assert.equal(status?.code, 0);
    assert.deepEqual(
      messages.map((m) => new DataView(m.buffer, m.byteOffset).getUint32(m.length - 4_000)),
      messages.map((_, at) => at),
    );
    assert.equal(messages.length, total);
    await machined.close();
  });
});
