import assert from "node:assert/strict";
import { createCa, hoursMs, issueServerLeaf, type PemPair, sans, tlsKey } from "$lib/pki/mod.ts";
import { checkJoining, patiently } from "./joining.ts";

const TOKEN = "abcdef.0123456789abcdef";

function makeCa(): Promise<PemPair> {
  const subject = { organization: ["kubernetes"] };
  return createCa({ kind: "ecdsa-p256", subject, now: new Date() });
}

/** An API server with one token, until it is disposed. */
async function apiServer(ca: PemPair): Promise<{ endpoint: string } & AsyncDisposable> {
  const lifetimeMs = hoursMs(1);
  const leaf = { ca, sans: sans(["127.0.0.1"]), now: new Date(), lifetimeMs };
  const { crt, key } = await issueServerLeaf(leaf);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: crt, key: tlsKey(key), onListen: () => {} },
    ({ headers }) => {
      const known = headers.get("authorization") === `Bearer ${TOKEN}`;
      return new Response("{}", { status: known ? 200 : 401 });
    },
  );
  return {
    endpoint: `https://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function check(endpoint: string, ca: PemPair, token = TOKEN): Promise<void> {
  return checkJoining({ endpoint, ca: ca.crt, token }, AbortSignal.timeout(30_000));
}

Deno.test("checkJoining() is content when the API server knows the token", async () => {
  const ca = await makeCa();
  await using server = await apiServer(ca);
  await check(server.endpoint, ca);
});

Deno.test("checkJoining() names cluster.token when the API server does not know it", async () => {
  const ca = await makeCa();
  await using server = await apiServer(ca);
  await assert.rejects(check(server.endpoint, ca, "abcdef.ffffffffffffffff"), {
    message: `The API server at "${server.endpoint}" does not know cluster.token: it has to be ` +
      "that of the control plane's configuration",
  });
});

Deno.test("checkJoining() names cluster.ca when the API server's certificate is of another", async () => {
  await using server = await apiServer(await makeCa());
  await assert.rejects(check(server.endpoint, await makeCa()), /certificate.*: cluster\.ca and /);
});

Deno.test("checkJoining() says nothing of an API server that is not there", async () => {
  await check("https://127.0.0.1:1", await makeCa());
});

Deno.test("patiently() tells of a failure that lasts, and counts anew after a success", async () => {
  let now = 0;
  const run = patiently(100, () => now);
  const fail = () => run(() => Promise.reject(new Error("refused")));
  await fail();
  now = 99;
  await fail();
  await run(() => Promise.resolve());
  now = 150;
  await fail();
  now = 250;
  await assert.rejects(fail(), { message: "refused" });
});
