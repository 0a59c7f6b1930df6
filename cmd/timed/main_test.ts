import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { hasProgram } from "$ffi/testing.ts";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Health, ReadyCheck_ReadyStatus } from "$proto/health/health_pb.ts";
import { TimeService } from "$proto/time/time_pb.ts";
import { Responder } from "./_responder.ts";

const root = new URL("../../", import.meta.url).pathname;

/** A timed process that cannot touch this machine's clock. */
async function withTimed(
  port: number,
  settings: object,
  run: (transport: Transport) => Promise<void>,
): Promise<string> {
  const dir = await Deno.makeTempDir();
  const socket = `${dir}/timed.sock`;
  const timed = ["run", "-A", `${root}cmd/node/main.ts`, "timed"];
  const args = ["--bounding-set=-sys_time", "--", Deno.execPath(), ...timed];
  const child = new Deno.Command("setpriv", {
    // The real start server would be asked over the network of whoever runs the tests.
    args: [
      ...args,
      "--start-server=127.0.0.9",
      `--socket=${socket}`,
      `--ntp-port=${port}`,
      `--rtc=${dir}/no-clock`,
    ],
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  const stdin = child.stdin.getWriter();
  const { transport, end } = connect(socket);
  try {
    await stdin.write(new TextEncoder().encode(`${JSON.stringify(settings)}\n`));
    await until(() => Deno.statSync(socket).isSocket === true);
    await run(transport);
  } finally {
    end();
    await stdin.close();
    const kill = setTimeout(() => child.kill("SIGKILL"), 10_000);
    const { success } = await child.status;
    clearTimeout(kill);
    await Deno.remove(dir, { recursive: true });
    assert.ok(success, await stderr);
  }
  return await stderr;
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  for (;;) {
    try {
      if (await done()) return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    assert.ok(performance.now() < end, "it did not come about in 20 s");
    await new Promise((resume) => setTimeout(resume, 50));
  }
}

const BASE_URL = "http://timed";

/** Calls over one session, which is ended before the process is. */
function connect(socket: string): { transport: Transport; end: () => void } {
  const sessionManager = new Http2SessionManager(BASE_URL, {}, {
    createConnection: () => createConnection(socket),
  });
  const transport = createGrpcTransport({
    baseUrl: BASE_URL,
    sessionManager,
    defaultTimeoutMs: 10_000,
  });
  return { transport, end: () => sessionManager.abort() };
}

async function isReady(transport: Transport): Promise<boolean> {
  const { messages } = await createClient(Health, transport).ready({});
  return messages[0]?.status === ReadyCheck_ReadyStatus.READY;
}

const missing = Deno.uid() !== 0 ? "needs root" : hasProgram("setpriv") ? "" : "needs setpriv";

Deno.test({
  name: `timed answers over its socket while it may not set the clock ${missing}`.trim(),
  ignore: missing !== "",
  async fn() {
    await using responder = await Responder.start({ aheadMs: 3_600_000 });
    const settings = { servers: ["127.0.0.1"], disabled: false };
    const stderr = await withTimed(responder.port, settings, async (transport) => {
      await until(() => isReady(transport));
      const client = createClient(TimeService, transport);
      for (
        const answer of [await client.time({}), await client.timeCheck({ server: "127.0.0.1" })]
      ) {
        const [time] = answer.messages;
        assert.ok(time?.localtime && time.remotetime);
        assert.equal(time.server, "127.0.0.1");
        const ahead = timestampMs(time.remotetime) - timestampMs(time.localtime);
        assert.ok(Math.abs(ahead - 3_600_000) < 500, `${ahead} ms`);
        assert.ok(Math.abs(timestampMs(time.localtime) - Date.now()) < 5_000);
      }
      await assert.rejects(
        client.timeCheck({ server: "" }),
        (error) => error instanceof ConnectError && error.code === Code.InvalidArgument,
      );
      await assert.rejects(
        client.timeCheck({ server: "127.0.0.9" }),
        (error) => error instanceof ConnectError && error.code === Code.Unavailable,
      );
    });
    assert.match(stderr, /EPERM/);
    assert.doesNotMatch(stderr, /NotCapable/);
  },
});

Deno.test({
  name: `timed that is disabled is ready and asks nobody ${missing}`.trim(),
  ignore: missing !== "",
  async fn() {
    await using responder = await Responder.start();
    await withTimed(
      responder.port,
      { servers: ["127.0.0.1"], disabled: true },
      async (transport) => {
        await until(() => isReady(transport));
        assert.equal(responder.requests, 0);
      },
    );
  },
});

Deno.test({
  name: `timed is ready while no server answers, and asks one that comes later ${missing}`.trim(),
  ignore: missing !== "",
  async fn() {
    const gone = await Responder.start();
    const { port } = gone;
    await gone[Symbol.asyncDispose]();
    const settings = { servers: ["127.0.0.1"], disabled: false };
    const stderr = await withTimed(port, settings, async (transport) => {
      await until(() => isReady(transport));
      const client = createClient(TimeService, transport);
      await assert.rejects(
        client.time({}),
        (error) => error instanceof ConnectError && error.code === Code.Unavailable,
      );
      await using responder = await Responder.start({ port });
      await until(() => responder.requests > 0);
      await until(async () => (await client.time({})).messages[0]?.server === "127.0.0.1");
    });
    assert.match(
      stderr,
      /"127\.0\.0\.1": it does not answer\n[^]*Cannot adjtimex: EPERM/,
      "asked, then believed",
    );
  },
});
