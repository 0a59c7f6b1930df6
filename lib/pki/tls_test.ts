import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import * as tls from "node:tls";
import {
  createCa,
  crossSign,
  hoursMs,
  issueClientLeaf,
  issueLeaf,
  type PemPair,
  tlsKey,
} from "./mod.ts";
import { world } from "./_testing.ts";

/** What became of one handshake: the word the server sent, or the error's text. */
async function handshake(
  server: PemPair,
  trusted: string,
  client: { ca: string; pair?: PemPair },
): Promise<string> {
  const listener = tls.createServer({
    cert: server.crt,
    key: tlsKey(server.key),
    ca: trusted,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
  }, (socket) => {
    socket.on("error", () => {});
    socket.end(`${socket.getProtocol()} hello`);
  });
  listener.on("tlsClientError", () => {});
  await new Promise<void>((done) => listener.listen(0, "127.0.0.1", done));
  const { port } = listener.address() as AddressInfo;
  const { pair } = client;
  try {
    return await new Promise<string>((done) => {
      const socket = tls.connect({
        host: "127.0.0.1",
        port,
        ca: client.ca,
        ...(pair ? { cert: pair.crt, key: tlsKey(pair.key) } : {}),
      });
      let text = "";
      socket.on("data", (chunk: Uint8Array) => text += new TextDecoder().decode(chunk));
      socket.on("error", (error: Error) => done(`error: ${error.message}`));
      socket.on("close", () => done(text || "closed without a word"));
    });
  } finally {
    await new Promise((done) => listener.close(done));
  }
}

Deno.test("issueServerLeaf() and issueClientLeaf() carry a mutual TLS 1.3 handshake", async () => {
  const { ca, server, client } = await world();
  assert.equal(await handshake(server, ca.crt, { ca: ca.crt, pair: client }), "TLSv1.3 hello");
});

Deno.test("issueClientLeaf() under another CA, expired, early or none at all is refused", async () => {
  const { ca, server, client } = await world();
  const now = new Date();
  const other = await createCa({ kind: "ed25519", subject: { organization: ["talos"] }, now });
  const lifetimeMs = hoursMs(1);
  const day = (days: number): Date => new Date(now.getTime() + hoursMs(24 * days));
  const old = await createCa({
    kind: "ed25519",
    subject: { organization: ["talos"] },
    now: day(-30),
  });
  const cases: Record<string, [string, PemPair | undefined, string]> = {
    "no certificate": [ca.crt, undefined, ca.crt],
    "another CA": [ca.crt, await issueClientLeaf({ ca: other, now, lifetimeMs }), ca.crt],
    "expired": [old.crt, await issueClientLeaf({ ca: old, now: day(-1), lifetimeMs }), ca.crt],
    "not yet valid": [ca.crt, await issueClientLeaf({ ca, now: day(1), lifetimeMs }), ca.crt],
    "server only": [
      ca.crt,
      await issueLeaf({ ca, kind: "ed25519", usages: ["serverAuth"], now, lifetimeMs }),
      ca.crt,
    ],
    "the server's CA unknown": [ca.crt, client, other.crt],
  };
  for (const [name, [trusted, pair, known]] of Object.entries(cases)) {
    const got = await handshake(server, trusted, { ca: known, ...(pair ? { pair } : {}) });
    assert.doesNotMatch(got, /hello/, `${name}: ${got}`);
  }
});

Deno.test("crossSign() makes servers of a CA known to who trusts the other, and its clients not", async () => {
  const { ca, server, client } = await world();
  const now = new Date();
  for (const kind of ["ed25519", "ecdsa-p256"] as const) {
    const other = await createCa({ kind, subject: { organization: ["kubernetes"] }, now });
    const cross = await crossSign({ ca: other, crt: ca.crt });
    const served = { ...server, crt: server.crt + cross };
    const known = { ca: other.crt, pair: client };
    assert.equal(await handshake(served, ca.crt, known), "TLSv1.3 hello");
    assert.equal(
      await handshake(served, ca.crt, { ca: ca.crt, pair: client }),
      "TLSv1.3 hello",
    );
    assert.match(await handshake(server, ca.crt, known), /^error: /);
    const chained = { ca: ca.crt, pair: { ...client, crt: client.crt + cross } };
    assert.notEqual(await handshake(server, other.crt, chained), "TLSv1.3 hello");
  }
});
