import assert from "node:assert/strict";
import { SecureHttp } from "./secure_http.ts";

/** A server whose answer is a first line after this time, and nothing more. */
function lateLine(ms: number, withHeaders: boolean): Deno.HttpServer<Deno.NetAddr> {
  const sleep = () => new Promise((resolve) => setTimeout(resolve, ms));
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    if (!withHeaders) await sleep();
    return new Response(ReadableStream.from((async function* () {
      if (withHeaders) await sleep();
      yield new TextEncoder().encode("late\n");
    })()));
  });
}

Deno.test("SecureHttp.lines() waits for a first line as long as for any other", async () => {
  await using server = lateLine(600, true);
  using http = new SecureHttp({ url: `http://127.0.0.1:${server.addr.port}` });
  const lines = await Array.fromAsync(http.lines("GET", "/", { timeoutMs: 200, idleMs: 10_000 }));
  assert.deepEqual(lines, ["late"]);
});

Deno.test("SecureHttp.lines() gives up on headers and on lines that do not come", async () => {
  for (const withHeaders of [false, true]) {
    await using server = lateLine(600, withHeaders);
    using http = new SecureHttp({ url: `http://127.0.0.1:${server.addr.port}` });
    const lines = http.lines("GET", "/", { timeoutMs: 200, idleMs: 100 });
    await assert.rejects(lines.next(), {
      message: /Cannot reach .*: nothing came for [12]00 ms/,
    });
  }
});

Deno.test("SecureHttp shows the token of the moment with each call", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => new Response(request.headers.get("authorization")),
  );
  let count = 0;
  const token = () => Promise.resolve(`token-${++count}`);
  using http = new SecureHttp({ url: `http://127.0.0.1:${server.addr.port}`, token });
  assert.equal(await http.text("GET", "/"), "Bearer token-1");
  assert.equal(await http.text("GET", "/"), "Bearer token-2");
});
