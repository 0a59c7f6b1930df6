import assert from "node:assert/strict";
import { multierror } from "../finding.ts";
import { parseConfig } from "../parse.ts";
import { generateConfigs, type GenerateInput } from "./configs.ts";
import { createSecrets } from "./secrets.ts";

const NOW = new Date("2024-01-01T00:00:00Z");

async function input(more: Partial<GenerateInput> = {}): Promise<GenerateInput> {
  return {
    clusterName: "prod",
    endpoint: "https://10.0.0.1:6443",
    secrets: await createSecrets({ now: NOW }),
    ...more,
  };
}

Deno.test("generateConfigs() gives files that read back to what was asked for", async () => {
  const given = await input({ additionalSans: ["api.example.org"], dnsDomain: "k8s.example.org" });
  const texts = generateConfigs(given);
  for (const [kind, text] of Object.entries(texts)) {
    const { config, errors, warnings } = parseConfig(text);
    assert.deepEqual(errors, [], multierror(errors));
    assert.deepEqual(warnings, []);
    assert.equal(config?.machine.type, kind === "join" ? "worker" : kind);
    assert.equal(config?.machine.token, given.secrets.machineToken);
    assert.deepEqual(config?.machine.certSANs, ["api.example.org"]);
    assert.equal(config?.cluster.network?.dnsDomain, "k8s.example.org");
    assert.equal(config?.persist, true);
  }
  const { config } = parseConfig(texts.controlplane);
  assert.deepEqual(config?.machine.ca, given.secrets.ca);
  assert.deepEqual(config?.cluster.apiServer?.certSANs, ["10.0.0.1", "api.example.org"]);
  assert.equal(config?.cluster.serviceAccount?.key, given.secrets.serviceAccountKey);
});
