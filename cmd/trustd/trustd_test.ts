import assert from "node:assert/strict";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  createCsr,
  createKey,
  hoursMs,
  inspectCertificate,
  type Sans,
  sans,
  type Subject,
  verifyCertificate,
} from "$lib/pki/mod.ts";
import { isForClients, tlsTransport } from "$lib/rpc/mod.ts";
import { temporaryFolder, TestPki } from "$lib/rpc/testing.ts";
import { SecurityService } from "$proto/security/security_pb.ts";
import type { Settings } from "./settings.ts";
import { Trustd } from "./trustd.ts";

const TOKEN = "abcdef.0123456789abcdef";
const AUTHORITY = "/etc/kubernetes/pki/ca.crt";

async function world(more: Partial<Settings> = {}) {
  const folder = await temporaryFolder();
  const pki = await TestPki.create();
  const time = { offsetMs: 0 };
  const clock = {
    now: () => Date.now() + time.offsetMs,
    monotonic: () => performance.now() + time.offsetMs,
  };
  const lines: string[] = [];
  const exchange = `${folder.path}/pki`;
  const log = (line: string) => void lines.push(line);
  const trustd = new Trustd({ host: "127.0.0.1", port: 0, exchange, clock, log });
  const settings: Settings = {
    ca: pki.ca,
    token: TOKEN,
    names: ["127.0.0.1", "10.5.0.2", "master-1"],
    reserved: ["127.0.0.1", "10.5.0.2", "master-1", "cluster.test"],
    files: { [AUTHORITY]: pki.ca.crt },
    voucher: "",
    lifetimeMs: hoursMs(24),
    ...more,
  };
  await trustd.configure(settings);
  const connect = (ca = pki.ca.crt) => {
    const transport = tlsTransport({ host: "127.0.0.1", port: trustd.port!, ca });
    return { ...createClient(SecurityService, transport), [Symbol.dispose]: transport.close };
  };
  const client = connect();
  return {
    ...{ pki, time, lines, exchange, trustd, settings, connect, client },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await trustd.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const withToken = (token = TOKEN) => ({ headers: { token } });

async function csrOf(
  names: Sans = sans(["10.5.0.9", "worker-1", "127.0.0.1"]),
  subject: Subject = { commonName: "worker-1" },
): Promise<Uint8Array> {
  const key = await createKey("ecdsa-p256");
  return new TextEncoder().encode(await createCsr({ key, subject, sans: names }));
}

async function refusal(call: Promise<unknown>, code: Code): Promise<string> {
  const error = await call.then(() => assert.fail("it was answered"), (error) => error);
  assert.ok(error instanceof ConnectError, String(error));
  assert.equal(Code[error.code], Code[code], error.message);
  return error.rawMessage;
}

Deno.test("trustd signs a request for a day, for servers only, under the machine CA", async () => {
  await using w = await world();
  const { ca, crt } = await w.client.certificate({ csr: await csrOf() }, withToken());
  const pem = new TextDecoder().decode(crt);
  assert.equal(new TextDecoder().decode(ca), w.pki.ca.crt);
  const now = new Date();
  await verifyCertificate({
    crt: pem,
    ca: w.pki.ca.crt,
    now,
    usage: "serverAuth",
    host: "10.5.0.9",
  });
  const info = inspectCertificate(pem);
  assert.deepEqual(info.usages, ["serverAuth"]);
  assert.ok(!isForClients(Uint8Array.fromBase64(pem.replace(/-----.*-----|\s/g, ""))));
  assert.deepEqual(info.subject, { commonName: "worker-1" });
  assert.ok(Math.abs(info.notAfter.getTime() - now.getTime() - hoursMs(24)) < 60_000);
});

Deno.test("trustd keeps callers without the right token out, and says which token it wants", async () => {
  await using w = await world();
  const csr = await csrOf();
  for (const options of [undefined, withToken("abcdef.0123456789abcdee"), withToken("")]) {
    const reason = await refusal(w.client.certificate({ csr }, options), Code.Unauthenticated);
    assert.match(reason, /token/);
  }
  await refusal(w.client.readFile({ path: AUTHORITY }), Code.Unauthenticated);
  await refusal(w.client.writeFile({ path: AUTHORITY }), Code.Unauthenticated);
  assert.ok(
    w.lines.some((line) => /refused 127\.0\.0\.1: .*machine\.token/.test(line)),
    `${w.lines}`,
  );
  assert.ok(!w.lines.some((line) => line.includes(TOKEN)));
});

Deno.test("trustd answers guesses of one address less and less, and still those who know the token", async () => {
  await using w = await world();
  const csr = await csrOf();
  const guess = () => w.client.certificate({ csr }, withToken("guess"));
  for (let i = 0; i < 5; i++) await refusal(guess(), Code.Unauthenticated);
  await refusal(guess(), Code.ResourceExhausted);
  await w.client.certificate({ csr }, withToken());
  w.time.offsetMs += 60_000;
  await refusal(guess(), Code.Unauthenticated);
});

Deno.test("trustd signs no more than a bounded number of requests of one address", async () => {
  await using w = await world();
  for (let i = 0; i < 20; i++) await w.client.readFile({ path: AUTHORITY }, withToken());
  await refusal(w.client.readFile({ path: AUTHORITY }, withToken()), Code.ResourceExhausted);
});

Deno.test("trustd gives no rights away: an organization is refused, whichever it is", async () => {
  await using w = await world();
  const names = sans(["10.5.0.9"]);
  for (const organization of ["os:admin", "system:masters", "talos"]) {
    const csr = await csrOf(names, { commonName: "x", organization: [organization] });
    const reason = await refusal(w.client.certificate({ csr }, withToken()), Code.PermissionDenied);
    assert.match(reason, new RegExp(`"${organization}"`));
  }
});

Deno.test("trustd leaves names of the control plane out of certificates for others", async () => {
  await using w = await world();
  const csr = await csrOf(sans(["10.5.0.9", "10.5.0.2", "cluster.test", "127.0.0.1"]));
  const { crt } = await w.client.certificate({ csr }, withToken());
  const info = inspectCertificate(new TextDecoder().decode(crt));
  assert.deepEqual(info.sans, { ips: ["10.5.0.9", "127.0.0.1"], dns: [] });
  const only = await csrOf(sans(["10.5.0.2", "master-1"]));
  await refusal(w.client.certificate({ csr: only }, withToken()), Code.PermissionDenied);
});

Deno.test("trustd refuses what is no request, and requests for any name or for none", async () => {
  await using w = await world();
  const csrs = [
    new TextEncoder().encode("no request"),
    new Uint8Array(1_000),
    await csrOf({ ips: [], dns: [] }),
    await csrOf({ ips: [], dns: ["*.example.com"] }),
    await csrOf({ ips: [], dns: Array.from({ length: 65 }, (_, i) => `n${i}`) }),
  ];
  for (const csr of csrs) {
    await refusal(w.client.certificate({ csr }, withToken()), Code.InvalidArgument);
  }
});

Deno.test("trustd keeps public files at known paths, and reads no others", async () => {
  await using w = await world();
  const path = `${w.exchange}/node-a.crt`;
  const data = new TextEncoder().encode(w.pki.ca.crt);
  await refusal(w.client.readFile({ path }, withToken()), Code.NotFound);
  await w.client.writeFile({ path, data, perm: 0o777 }, withToken());
  assert.deepEqual((await w.client.readFile({ path }, withToken())).data, data);
  assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  assert.deepEqual((await w.client.readFile({ path: AUTHORITY }, withToken())).data, data);
  for (
    const denied of [
      "/etc/passwd",
      `${w.exchange}/../node-a.crt`,
      `${w.exchange}/a/b.crt`,
      `${w.exchange}/.a.crt`,
      `${w.exchange}/a.sh`,
      "toString",
      "",
    ]
  ) {
    await refusal(w.client.readFile({ path: denied }, withToken()), Code.PermissionDenied);
    await refusal(w.client.writeFile({ path: denied, data }, withToken()), Code.PermissionDenied);
  }
  await refusal(w.client.writeFile({ path: AUTHORITY, data }, withToken()), Code.PermissionDenied);
});

Deno.test("trustd keeps no keys, nothing that is not PEM, and nothing large", async () => {
  await using w = await world();
  const path = `${w.exchange}/node-a.pem`;
  for (const text of [w.pki.ca.key, "#!/bin/sh\n", w.pki.ca.crt.repeat(200)]) {
    const data = new TextEncoder().encode(text);
    await refusal(w.client.writeFile({ path, data }, withToken()), Code.InvalidArgument);
  }
});

Deno.test("trustd takes a new token at once, and renews its own certificate at half of its life and when the clock is set back", async () => {
  await using w = await world();
  await w.trustd.configure({ ...w.settings, token: "other" });
  const csr = await csrOf();
  await refusal(w.client.certificate({ csr }, withToken()), Code.Unauthenticated);
  await w.client.certificate({ csr }, withToken("other"));
  w.time.offsetMs = hoursMs(13);
  await w.trustd.refresh();
  // Signed 13 hours from now: whoever dials anew sees a certificate that is not valid yet.
  using fresh = w.connect();
  await refusal(fresh.certificate({ csr }, withToken("other")), Code.Unavailable);
  // The clock was wrong and is set back.
  w.time.offsetMs = 0;
  await w.trustd.refresh();
  using anew = w.connect();
  await anew.certificate({ csr }, withToken("other"));
});

Deno.test("trustd shows a certificate that only nodes of its own cluster accept", async () => {
  await using w = await world();
  using stranger = w.connect((await TestPki.create()).ca.crt);
  const reason = await refusal(
    stranger.readFile({ path: AUTHORITY }, withToken()),
    Code.Unavailable,
  );
  assert.match(reason, /certificate|self-signed|issuer/i);
});
