import assert from "node:assert/strict";
import { freePort } from "$lib/etcd/testing.ts";
import { createCa, hoursMs, issueServerLeaf, sans, tlsKey } from "$lib/pki/mod.ts";
import { listTags, placeOf } from "./registry.ts";

const SIGNAL = new AbortController().signal;

/** A registry over TLS that answers by `answer`, which knows its own URL. */
async function withRegistry(
  answer: (request: Request, endpoint: string) => Response,
  test: (options: { registry: string; ca: string; signal: AbortSignal }) => Promise<void>,
): Promise<void> {
  const now = new Date();
  const ca = await createCa({ kind: "ecdsa-p256", subject: { organization: ["test"] }, now });
  const leaf = await issueServerLeaf({
    ca,
    sans: sans(["127.0.0.1"]),
    now,
    lifetimeMs: hoursMs(1),
  });
  let endpoint = "";
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: leaf.crt, key: tlsKey(leaf.key), onListen: () => {} },
    (request) => answer(request, endpoint),
  );
  endpoint = `https://127.0.0.1:${server.addr.port}`;
  await test({ registry: endpoint, ca: ca.crt, signal: SIGNAL });
}

Deno.test("listTags() reads every page", async () => {
  const asked: string[] = [];
  await withRegistry((request) => {
    const { pathname, searchParams } = new URL(request.url);
    asked.push(pathname);
    if (searchParams.get("last") === "v2") return Response.json({ name: "i", tags: ["v3"] });
    const link = `</v2/a/installer/tags/list?n=1000&last=v2>; rel="next"`;
    return Response.json({ name: "i", tags: ["v1", "v2"] }, { headers: { link } });
  }, async (options) => {
    assert.deepEqual(await listTags("ghcr.io/a/installer", options), ["v1", "v2", "v3"]);
    assert.deepEqual(asked, ["/v2/a/installer/tags/list", "/v2/a/installer/tags/list"]);
  });
});

Deno.test("listTags() gets the token that a registry gives to everyone", async () => {
  await withRegistry((request, endpoint) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/token") {
      assert.equal(searchParams.get("service"), "test");
      return Response.json({ token: `for ${searchParams.get("scope")}` });
    }
    if (request.headers.get("authorization") === "Bearer for repository:a/installer:pull") {
      return Response.json({ tags: ["v1"] });
    }
    const challenge =
      `Bearer realm="${endpoint}/token",service="test",scope="repository:a/installer:pull"`;
    return new Response("{}", { status: 401, headers: { "www-authenticate": challenge } });
  }, async (options) => {
    assert.deepEqual(await listTags("ghcr.io/a/installer", options), ["v1"]);
  });
});

for (
  const [what, answer, want] of [
    [
      ...["has no such repository", () => new Response("NAME_UNKNOWN", { status: 404 })],
      /Cannot list the tags of "ghcr\.io\/a\/installer" at https:\/\/127.*: it answered 404 NAME_UNK/,
    ],
    [
      "wants a password",
      () => new Response("", { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } }),
      /it wants a login that is not one by token/,
    ],
    [
      "sends for a token in the clear",
      () => {
        const challenge = 'Bearer realm="http://127.0.0.1:1/token"';
        return new Response("", { status: 401, headers: { "www-authenticate": challenge } });
      },
      /not https/,
    ],
    [
      "sends to another host for the next page",
      () => {
        const link = '<https://127.0.0.2/v2/a>; rel="next"';
        return Response.json({ tags: ["v1"] }, { headers: { link } });
      },
      /its next page is at https:\/\/127\.0\.0\.2/,
    ],
    ["answers with something else", () => new Response("<html>"), /Cannot list .* JSON/],
  ] as [string, () => Response, RegExp][]
) {
  Deno.test(`listTags() says that a registry ${what}`, async () => {
    await withRegistry(answer, async (options) => {
      await assert.rejects(listTags("ghcr.io/a/installer", options), { message: want });
    });
  });
}

Deno.test("listTags() says why a registry cannot be reached", async () => {
  const options = { registry: `https://127.0.0.1:${freePort()}`, signal: SIGNAL };
  await assert.rejects(listTags("a.test/i", options), /at https:\/\/127\.0\.0\.1:\d+: .*refused/);
});

Deno.test("placeOf() asks the host of the image, unless it is told another", () => {
  const path = "a/installer";
  assert.deepEqual(placeOf(`ghcr.io/${path}`), { endpoint: "https://ghcr.io", path });
  assert.deepEqual(placeOf(`docker.io/${path}`), {
    ...{ endpoint: "https://registry-1.docker.io", path },
  });
  assert.deepEqual(placeOf(`ghcr.io/${path}`, "https://r:5000"), {
    ...{ endpoint: "https://r:5000", path },
  });
});
