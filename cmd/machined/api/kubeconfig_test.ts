import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { unpackTar } from "modern-tar";
import { MemoryState } from "$lib/cosi/mod.ts";
import { inspectCertificate, verifyCertificate } from "$lib/pki/mod.ts";
import { ROOT_K8S, RootSecrets } from "$lib/resources/mod.ts";
import { ConfigStore } from "../config/store.ts";
import { adminOf } from "../controllers/secrets/kubeconfig.ts";
import { testConfig, testSecrets, withCluster } from "../controllers/testing.ts";
import { kubeconfigApi } from "./kubeconfig.ts";
import { clientOf, collect } from "./testing.ts";

Deno.test("kubeconfigApi() gives an administrator as long a life as the configuration says", async () => {
  const state = new MemoryState();
  const { root } = await testSecrets();
  await state.create(RootSecrets, ROOT_K8S, root);
  const config = new ConfigStore();
  config.running.set(
    withCluster(await testConfig(), { adminKubeconfig: { certLifetime: 3_600_000 } }),
  );
  const now = Date.UTC(2026, 5, 1);
  const client = clientOf(kubeconfigApi({ state, config, clock: { now: () => now } }));
  const { bytes } = await collect(client.kubeconfig({}));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const [entry, ...others] = await unpackTar(
    new Uint8Array(await new Response(plain).arrayBuffer()),
  );
  assert.equal(entry?.header.name, "kubeconfig");
  assert.equal(others.length, 0);
  const text = new TextDecoder().decode(entry?.data);
  assert.match(text, /current-context: admin@test/);
  assert.match(text, /server: https:\/\/10\.5\.0\.1:6443/);
  const { crt } = adminOf(text)!;
  await verifyCertificate({ crt, ca: root.ca.crt, now: new Date(now), usage: "clientAuth" });
  const { subject, notAfter } = inspectCertificate(crt);
  assert.deepEqual(subject, { commonName: "admin", organization: ["system:masters"] });
  assert.equal(notAfter.getTime(), now + 3_600_000);
});

Deno.test("kubeconfigApi() of a node without the CA says whom to ask", async () => {
  const deps = { state: new MemoryState(), config: new ConfigStore(), clock: { now: () => 0 } };
  await assert.rejects(collect(clientOf(kubeconfigApi(deps)).kubeconfig({})), (error) => {
    assert.ok(error instanceof ConnectError && error.code === Code.FailedPrecondition);
    assert.match(error.rawMessage, /ask a control plane node/);
    return true;
  });
});
