import assert from "node:assert/strict";
import { systemClock } from "$lib/service/mod.ts";
import { fetchConfig, type FetchDeps, MAX_CONFIG_BYTES, withUuid } from "./source.ts";

/** The text at a URL. */
async function text(...args: Parameters<typeof fetchConfig>): Promise<string> {
  return new TextDecoder().decode(await fetchConfig(...args));
}

const NEVER = new AbortController().signal;

function deps(over: Partial<FetchDeps> = {}): FetchDeps {
  return { fetch, clock: systemClock, log: () => {}, uuid: () => "u-1", ...over };
}

async function serve(
  handler: (request: Request) => Response | Promise<Response>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  await use(`http://127.0.0.1:${server.addr.port}/config.yaml`);
}

Deno.test("fetchConfig() gives the text of a URL", async () => {
  await serve(() => new Response("version: v1alpha1\n"), async (url) => {
    assert.equal(await text(url, deps(), NEVER), "version: v1alpha1\n");
  });
});

Deno.test("fetchConfig() unpacks gzip", async () => {
  const packed = new Response("machine: {}").body!.pipeThrough(new CompressionStream("gzip"));
  const bytes = await new Response(packed).bytes();
  await serve(() => new Response(bytes), async (url) => {
    assert.equal(await text(url, deps(), NEVER), "machine: {}");
  });
});

Deno.test("fetchConfig() tries again until the server has the file", async () => {
  let calls = 0;
  const answer = () => ++calls < 3 ? new Response("", { status: 503 }) : new Response("ok");
  await serve(answer, async (url) => {
    assert.equal(await text(url, deps(), NEVER), "ok");
    assert.equal(calls, 3);
  });
});

Deno.test("fetchConfig() gives up after 70 s with the URL and the reason", async () => {
  let nowMs = 0;
  const clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: (ms: number) => Promise.resolve(void (nowMs += ms)),
  };
  await serve(() => new Response("", { status: 404 }), async (url) => {
    await assert.rejects(fetchConfig(url, deps({ clock }), NEVER), (error: Error) => {
      assert.match(error.message, /config\.yaml": the server answers 404/);
      return true;
    });
    assert.ok(nowMs > 60_000 && nowMs <= 70_000, String(nowMs));
  });
});

Deno.test("fetchConfig() refuses what is too large at once", async () => {
  let calls = 0;
  const large = () => {
    calls++;
    return new Response(new Uint8Array(MAX_CONFIG_BYTES + 1));
  };
  await serve(large, async (url) => {
    await assert.rejects(fetchConfig(url, deps(), NEVER), /larger than 4194304 bytes/);
  });
  assert.equal(calls, 1);
});

Deno.test("fetchConfig() ends with its signal", async () => {
  const abort = new AbortController();
  const answer = () => {
    abort.abort(new Error("shutting down"));
    return new Response("", { status: 500 });
  };
  await serve(answer, async (url) => {
    await assert.rejects(fetchConfig(url, deps(), abort.signal), /shutting down/);
  });
});

Deno.test("withUuid() fills an empty uuid parameter and leaves other URLs alone", () => {
  const uuid = () => "1234";
  assert.equal(withUuid("http://h/c?uuid=", uuid), "http://h/c?uuid=1234");
  assert.equal(withUuid("http://h/c?uuid=x", uuid), "http://h/c?uuid=x");
  assert.equal(withUuid("http://h/c", uuid), "http://h/c");
});
