import assert from "node:assert/strict";
import * as net from "node:net";
import { Code, ConnectError, createClient, type ServiceImpl } from "@connectrpc/connect";
import type { Http2Stream } from "$lib/http2/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { CallRegistry } from "./calls.ts";
import { DEADLINES } from "./deadline.ts";
import { dispatch } from "./dispatch.ts";
import { type FetchOptions, fetchTlsTransport, fetchUnixTransport } from "./fetch_transport.ts";
import { frameOf, MESSAGE_LIMIT_BYTES } from "./frames.ts";
import { serveUnix } from "./serve.ts";
import { serveStreams } from "./server.ts";
import { ServedMethods } from "./services.ts";
import { temporaryFolder, TestPki } from "./testing.ts";

type Handlers = Partial<ServiceImpl<typeof MachineService>>;
type Machine = ReturnType<typeof createClient<typeof MachineService>>;

const version: Handlers["version"] = () => ({ messages: [{ version: { tag: "v1" } }] });

async function overUnix(
  handlers: Handlers,
  test: (machine: Machine) => Promise<void>,
  options: FetchOptions = {},
): Promise<void> {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a.sock`;
  const server = await serveUnix(path, (router) => router.service(MachineService, handlers));
  const transport = fetchUnixTransport(path, options);
  try {
    await test(createClient(MachineService, transport));
  } finally {
    transport.close();
    await server.close();
  }
}

/** A server that answers each call the way `onStream` says, or cuts the connection like a kill. */
async function overRaw(
  onStream: (stream: Http2Stream, cut: () => void) => void,
  test: (machine: Machine) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a.sock`;
  const sockets: net.Socket[] = [];
  const cut = () => sockets.forEach((socket) => socket.destroy());
  const server = await serveStreams({
    listen: { path, mode: 0o600 },
    onStream: (stream) => onStream(stream, cut),
  });
  const front = net.createServer((socket) => {
    const back = net.connect(path);
    for (const end of [socket, back]) sockets.push(end.on("error", () => {}));
    socket.pipe(back).pipe(socket);
  });
  await new Promise<void>((resolve) => front.listen(`${path}.front`, resolve));
  const transport = fetchUnixTransport(`${path}.front`, { timeoutMs: 20_000 });
  try {
    await test(createClient(MachineService, transport));
  } finally {
    transport.close();
    cut();
    await new Promise<void>((resolve) => front.close(() => resolve()));
    await server.close();
  }
}

function respond(stream: Http2Stream): void {
  stream.respond({ ":status": "200", "content-type": "application/grpc" });
}

function failsWith(code: Code, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ConnectError, String(error));
    assert.equal(Code[error.code], Code[code], error.message);
    assert.match(error.rawMessage, message);
    return true;
  };
}

Deno.test("fetchUnixTransport() makes unary calls, many at once", async () => {
  await overUnix({ version }, async (machine) => {
    const replies = await Promise.all(Array.from({ length: 50 }, () => machine.version({})));
    assert.ok(replies.every(({ messages }) => messages[0]?.version?.tag === "v1"));
  });
});

Deno.test("fetchUnixTransport() gives the code and the words of a call that failed", async () => {
  const refuse: Handlers = {
    version() {
      throw new ConnectError("no 100 % of “that”", Code.FailedPrecondition);
    },
    // deno-lint-ignore require-yield
    async *logs() {
      throw new ConnectError("no such log", Code.NotFound);
    },
  };
  await overUnix(refuse, async (machine) => {
    await assert.rejects(
      machine.version({}),
      failsWith(Code.FailedPrecondition, /^no 100 % of “that”$/),
    );
    await assert.rejects(
      Array.fromAsync(machine.logs({ id: "x" })),
      failsWith(Code.NotFound, /^no such log$/),
    );
    await assert.rejects(machine.hostname({}), failsWith(Code.Unimplemented, /unknown method/));
  });
});

Deno.test("fetchUnixTransport() reads a server stream as it comes", async () => {
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => go = resolve);
  const handlers: Handlers = {
    async *logs() {
      yield { bytes: new Uint8Array([1]) };
      await gate;
      yield { bytes: new Uint8Array([2]) };
    },
  };
  await overUnix(handlers, async (machine) => {
    const seen: number[] = [];
    for await (const { bytes } of machine.logs({ id: "x" })) {
      seen.push(...bytes);
      go();
    }
    assert.deepEqual(seen, [1, 2]);
  });
});

Deno.test("fetchUnixTransport() tells the server of a stream that was aborted", async () => {
  let ended: () => void = () => {};
  const over = new Promise<void>((resolve) => ended = resolve);
  const handlers: Handlers = {
    async *logs(_request, { signal }) {
      yield { bytes: new Uint8Array([1]) };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      ended();
    },
  };
  await overUnix(handlers, async (machine) => {
    const leaving = new AbortController();
    await assert.rejects(async () => {
      for await (const _ of machine.logs({ id: "x" }, { signal: leaving.signal })) leaving.abort();
    }, failsWith(Code.Canceled, /./));
    await over;
  });
});

Deno.test("fetchUnixTransport() ends a call that gets no answer at its deadline", async () => {
  const handlers: Handlers = { version: () => new Promise(() => {}) };
  await overUnix(handlers, async (machine) => {
    await assert.rejects(machine.version({}), failsWith(Code.DeadlineExceeded, /./));
  }, { timeoutMs: 100 });
});

Deno.test("fetchUnixTransport() ends a call to one that accepts and says nothing", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a.sock`;
  const silent = net.createServer((socket) => void socket.on("error", () => {}).resume());
  await new Promise<void>((resolve) => silent.listen(path, resolve));
  const transport = fetchUnixTransport(path, { timeoutMs: 100 });
  await assert.rejects(
    createClient(MachineService, transport).version({}),
    failsWith(Code.DeadlineExceeded, /./),
  );
  transport.close();
  await new Promise<void>((resolve) => silent.close(() => resolve()));
});

Deno.test("fetchUnixTransport() refuses a message larger than its limit", async () => {
  const handlers: Handlers = {
    version: () => ({ messages: [{ version: { tag: "x".repeat(2_000) } }] }),
  };
  await overUnix(handlers, async (machine) => {
    await assert.rejects(machine.version({}), failsWith(Code.ResourceExhausted, /./));
  }, { messageBytes: 1_000 });
});

Deno.test("fetchUnixTransport() says Unavailable when nothing listens", async () => {
  const transport = fetchUnixTransport("/no/such.sock");
  await assert.rejects(
    createClient(MachineService, transport).version({}),
    failsWith(Code.Unavailable, /^Cannot reach \/no\/such\.sock: No such file/),
  );
  transport.close();
});

Deno.test("fetchUnixTransport() takes a connection that breaks for a failure", async () => {
  const vanish = (stream: Http2Stream, cut: () => void): void => {
    respond(stream);
    stream.write(frameOf(new Uint8Array(0)));
    setTimeout(cut, 50);
  };
  await overRaw(vanish, async (machine) => {
    await assert.rejects(machine.version({}), failsWith(Code.Unavailable, /^Cannot reach .*sock/));
    await assert.rejects(
      Array.fromAsync(machine.logs({ id: "x" })),
      failsWith(Code.Unavailable, /^Cannot reach .*sock/),
    );
  });
});

Deno.test("fetchUnixTransport() takes a body that ends inside a message for a failure", async () => {
  const short = (stream: Http2Stream): void => {
    respond(stream);
    stream.write(frameOf(new Uint8Array(100)).subarray(0, 20));
    stream.end();
  };
  await overRaw(short, async (machine) => {
    await assert.rejects(
      machine.version({}),
      failsWith(Code.InvalidArgument, /incomplete envelope/),
    );
  });
});

Deno.test("fetchUnixTransport() takes an answer without a message for a failure", async () => {
  const empty = (stream: Http2Stream): void => {
    respond(stream);
    stream.end();
  };
  await overRaw(empty, async (machine) => {
    await assert.rejects(machine.version({}), failsWith(Code.Unimplemented, /missing output/));
  });
});

Deno.test("fetchUnixTransport() finds a server that came back", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a.sock`;
  const transport = fetchUnixTransport(path);
  const machine = createClient(MachineService, transport);
  for (let life = 0; life < 3; life++) {
    const server = await serveUnix(path, (router) => router.service(MachineService, { version }));
    assert.equal((await machine.version({})).messages.length, 1);
    await server.close();
    await assert.rejects(machine.version({}), failsWith(Code.Unavailable, /./));
  }
  transport.close();
});

Deno.test("fetchTlsTransport() calls a server of its CA as itself, and no other", async () => {
  const pki = await TestPki.create();
  const stranger = await TestPki.create();
  const registry = new CallRegistry();
  const server = await serveStreams({
    listen: { host: "127.0.0.1", port: 0 },
    tls: { identity: await pki.server(), vet: () => undefined },
    onStream: dispatch({
      methods: new ServedMethods((router) => router.service(MachineService, { version })),
      registry,
      deadlines: DEADLINES,
      messageBytes: MESSAGE_LIMIT_BYTES,
      onError: () => {},
    }),
  });
  const client = await pki.client();
  const call = async (identity: typeof client): Promise<number> => {
    const { port } = server;
    const transport = fetchTlsTransport({ host: "127.0.0.1", port, identity });
    try {
      return (await createClient(MachineService, transport).version({})).messages.length;
    } finally {
      transport.close();
    }
  };
  try {
    assert.equal(await call(client), 1);
    const distrusting = { ...client, ca: stranger.ca.crt };
    await assert.rejects(call(distrusting), failsWith(Code.Unavailable, /certificate/i));
    const unknown = { ...await stranger.client(), ca: pki.ca.crt };
    await assert.rejects(call(unknown), failsWith(Code.Unavailable, /./));
  } finally {
    registry.close();
    await server.close();
  }
});
