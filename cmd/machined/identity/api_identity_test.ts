import assert from "node:assert/strict";
import {
  createCa,
  hoursMs,
  inspectCertificate,
  issueLeaf,
  type PemPair,
  sans,
  verifyCertificate,
} from "$lib/pki/mod.ts";
import type { Clock } from "$lib/service/mod.ts";
import { testConfig } from "../controllers/testing.ts";
import { identityInputs } from "./names.ts";
import { ApiIdentity, type AskTrustd, type IdentityInputs } from "./api_identity.ts";

/** The certificate of the node's own API, as it is shown now. */
function certOf({ current }: ApiIdentity): string {
  const face = current.value;
  assert.ok(face && "identity" in face);
  return face.identity.cert;
}

const START = Date.UTC(2026, 0, 1);

async function world(): Promise<{
  identity: ApiIdentity;
  inputs: { value: IdentityInputs | undefined };
  time: { ms: number };
  asked: AskTrustd[];
  lines: string[];
}> {
  const ca = await createCa({
    kind: "ed25519",
    subject: { organization: ["talos"] },
    now: new Date(START - hoursMs(24)),
  });
  const inputs: { value: IdentityInputs | undefined } = {
    value: {
      ca: ca.crt,
      signer: { kind: "self", key: ca.key },
      names: ["127.0.0.1", "node-a"],
    },
  };
  const time = { ms: START };
  const clock: Clock = {
    now: () => time.ms,
    monotonic: () => time.ms,
    sleep: () => new Promise((resolve) => setTimeout(resolve, 1)),
  };
  const asked: AskTrustd[] = [];
  const lines: string[] = [];
  const nobody = () => Promise.reject(new Error("nobody answers"));
  const identity = new ApiIdentity({
    inputs: () => inputs.value,
    clock,
    lifetimeMs: hoursMs(24),
    askTrustd: (request, signal) => (asked.shift() ?? nobody)(request, signal),
    log: (line) => void lines.push(line),
  });
  return { identity, inputs, time, asked, lines };
}

Deno.test("ApiIdentity issues a leaf of the machine's CA for the node's names", async () => {
  const { identity, inputs } = await world();
  await identity.refresh();
  const cert = certOf(identity);
  const info = inspectCertificate(cert);
  assert.deepEqual(info.sans.ips, ["127.0.0.1"]);
  assert.deepEqual(info.sans.dns, ["node-a"]);
  await verifyCertificate({
    crt: cert,
    ca: inputs.value!.ca,
    now: new Date(START),
    usage: "serverAuth",
  });
  assert.match(identity.fingerprint ?? "", /^[A-Za-z0-9+/=]{44}$/);
});

Deno.test("ApiIdentity waits while the machine has no configuration", async () => {
  const { identity, inputs } = await world();
  inputs.value = undefined;
  await identity.refresh();
  assert.equal(identity.current.value, undefined);
});

Deno.test("ApiIdentity keeps its certificate until half of its life is over", async () => {
  const { identity, time } = await world();
  await identity.refresh();
  const first = certOf(identity);
  time.ms = START + hoursMs(11);
  await identity.refresh();
  assert.equal(certOf(identity), first);
  time.ms = START + hoursMs(12) + 1000;
  await identity.refresh();
  assert.notEqual(certOf(identity), first);
});

Deno.test("ApiIdentity renews when an address comes, and when the clock is set back", async () => {
  const { identity, inputs, time } = await world();
  await identity.refresh();
  const first = certOf(identity);
  inputs.value = { ...inputs.value!, names: ["127.0.0.1", "node-a", "10.0.2.15"] };
  await identity.refresh();
  const second = certOf(identity);
  assert.notEqual(second, first);
  time.ms = START - hoursMs(10);
  await identity.refresh();
  assert.notEqual(certOf(identity), second);
});

Deno.test("ApiIdentity goes without a certificate while the clock is outside the life of the CA", async () => {
  const { identity, time, lines } = await world();
  time.ms = START - hoursMs(24 * 365 * 10);
  await identity.refresh();
  await identity.refresh();
  assert.equal(identity.current.value, undefined);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /no API certificate yet, trying again: .* the CA holds only from /);
  time.ms = START;
  await identity.refresh();
  assert.notEqual(certOf(identity), "");
  assert.equal(identity.fault, undefined);
});

Deno.test("ApiIdentity refuses a key that is not the CA's: no clock mends that", async () => {
  const { identity, inputs } = await world();
  const other = await createCa({ kind: "ed25519", subject: {}, now: new Date(START) });
  inputs.value = { ...inputs.value!, signer: { kind: "self", key: other.key } };
  await assert.rejects(identity.refresh());
});

Deno.test("ApiIdentity shows a certificate that signs itself until there is a configuration", async () => {
  const { identity, inputs } = await world();
  const configured = inputs.value;
  inputs.value = undefined;
  await identity.openMaintenance();
  await identity.refresh();
  assert.ok(identity.inMaintenance);
  const face = identity.current.value!;
  assert.ok("maintenance" in face && face.maintenance);
  const info = inspectCertificate(face.maintenance.cert);
  assert.equal(info.fingerprint, identity.fingerprint);
  inputs.value = configured;
  await identity.refresh();
  assert.ok(!identity.inMaintenance);
  assert.notEqual(identity.fingerprint, info.fingerprint);
  identity.closeMaintenance();
  assert.notEqual(certOf(identity), "");
});

Deno.test("ApiIdentity ends maintenance also on a node that cannot issue its certificate", async () => {
  const { identity, inputs } = await world();
  inputs.value = undefined;
  await identity.openMaintenance();
  identity.closeMaintenance();
  assert.deepEqual(identity.current.value, { maintenance: null });
  assert.equal(identity.fingerprint, undefined);
});

Deno.test("identityInputs() leaves out the name of a machine that has none yet", async () => {
  const { config } = await testConfig();
  const inputs = identityInputs(config, { hostname: "(none)", addresses: ["10.0.2.15"] });
  assert.deepEqual(inputs?.names, ["127.0.0.1", "::1", "localhost", "10.0.2.15"]);
});

Deno.test("ApiIdentity of a worker asks the control plane, and renews at half of what it got", async () => {
  const { identity, inputs, time, asked, lines } = await world();
  const ca: PemPair = {
    crt: inputs.value!.ca,
    key: (inputs.value!.signer as { key: string }).key,
  };
  inputs.value = { ...inputs.value!, signer: { kind: "trustd", token: "t" } };
  await identity.refresh();
  assert.equal(identity.current.value, undefined, "the boot waits for nobody");
  const sign: AskTrustd = async ({ names }) => ({
    ...await issueLeaf({
      ...{ ca, kind: "ecdsa-p256", usages: ["serverAuth"], sans: sans(names) },
      now: new Date(time.ms),
      lifetimeMs: hoursMs(2),
    }),
    ca: ca.crt,
  });
  const seen = async (test: () => boolean) => {
    while (!test()) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const over = new AbortController();
  const keeping = identity.keep(over.signal);
  await seen(() => identity.fault !== undefined);
  assert.equal(identity.fault, "nobody answers");
  await seen(() => lines.length > 0);
  asked.push(sign);
  await seen(() => identity.current.value !== undefined);
  await seen(() => identity.fault === undefined);
  assert.equal(lines.filter((line) => line.includes("nobody answers")).length, 1, "told once");
  const first = certOf(identity);
  assert.deepEqual(inspectCertificate(first).sans, { ips: ["127.0.0.1"], dns: ["node-a"] });
  time.ms += hoursMs(1) + 1_000;
  await seen(() => identity.fault !== undefined);
  assert.equal(certOf(identity), first, "what there is stays while nobody answers");
  asked.push(sign);
  await seen(() => certOf(identity) !== first);
  over.abort();
  await keeping;
});
