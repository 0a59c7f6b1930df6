import assert from "node:assert/strict";
import { createCa, hoursMs, inspectCertificate, verifyCertificate } from "$lib/pki/mod.ts";
import type { Clock } from "$lib/service/mod.ts";
import { ApiIdentity, type IdentityInputs } from "./api_identity.ts";

const START = Date.UTC(2026, 0, 1);

async function world(): Promise<{
  identity: ApiIdentity;
  inputs: { value: IdentityInputs | undefined };
  time: { ms: number };
}> {
  const ca = await createCa({
    kind: "ed25519",
    subject: { organization: ["talos"] },
    now: new Date(START - hoursMs(24)),
  });
  const inputs: { value: IdentityInputs | undefined } = {
    value: { ca, names: ["127.0.0.1", "node-a"] },
  };
  const time = { ms: START };
  const clock: Clock = {
    now: () => time.ms,
    monotonic: () => time.ms,
    sleep: () => Promise.resolve(),
  };
  const identity = new ApiIdentity({
    inputs: () => inputs.value,
    clock,
    lifetimeMs: hoursMs(24),
    log: () => {},
  });
  return { identity, inputs, time };
}

Deno.test("ApiIdentity issues a leaf of the machine's CA for the node's names", async () => {
  const { identity, inputs } = await world();
  await identity.refresh();
  const { cert } = identity.current.value!;
  const info = inspectCertificate(cert);
  assert.deepEqual(info.sans.ips, ["127.0.0.1"]);
  assert.deepEqual(info.sans.dns, ["node-a"]);
  await verifyCertificate({
    crt: cert,
    ca: inputs.value!.ca.crt,
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
  const first = identity.current.value!.cert;
  time.ms = START + hoursMs(11);
  await identity.refresh();
  assert.equal(identity.current.value!.cert, first);
  time.ms = START + hoursMs(12) + 1000;
  await identity.refresh();
  assert.notEqual(identity.current.value!.cert, first);
});

Deno.test("ApiIdentity renews when an address comes, and when the clock is set back", async () => {
  const { identity, inputs, time } = await world();
  await identity.refresh();
  const first = identity.current.value!.cert;
  inputs.value = { ...inputs.value!, names: ["127.0.0.1", "node-a", "10.0.2.15"] };
  await identity.refresh();
  const second = identity.current.value!.cert;
  assert.notEqual(second, first);
  time.ms = START - hoursMs(10);
  await identity.refresh();
  assert.notEqual(identity.current.value!.cert, second);
});
