import assert from "node:assert/strict";
import type { MachineConfig } from "../schema/document.ts";
import { unifiedDiff } from "./diff.ts";
import { withPlatformFacts } from "./dynamic.ts";
import { configDiff, immediateFault } from "./immediate.ts";
import { redactConfig } from "./redact.ts";

const CONFIG: MachineConfig = {
  version: "v1alpha1",
  debug: false,
  persist: true,
  machine: {
    type: "controlplane",
    token: "secret-token",
    ca: { crt: "public", key: "secret-ca-key" },
    certSANs: ["10.0.0.9"],
    network: {
      interfaces: [{ interface: "eth0", mtu: 0, vip: { ip: "10.0.0.5" } }],
    },
    env: { https_proxy: "http://user:secret-proxy@host" },
    registries: { config: { r: { auth: { username: "u", password: "secret-pw" } } } },
    files: [{ content: "secret-file", permissions: 0o600, path: "/var/x", op: "create" }],
  },
  cluster: {
    controlPlane: { endpoint: "https://10.0.0.1:6443" },
    aescbcEncryptionSecret: "secret-aes",
    token: "secret.bootstrap",
    serviceAccount: { key: "secret-sa" },
  },
};

Deno.test("withPlatformFacts() names the machine and adds external and shared addresses once", () => {
  const facts = { hostname: "node-a", externalIps: ["1.2.3.4", "10.0.0.9"] };
  const { machine, cluster } = withPlatformFacts(CONFIG, facts);
  assert.equal(machine.network?.hostname, "node-a");
  assert.deepEqual(machine.certSANs, ["10.0.0.9", "1.2.3.4", "10.0.0.5"]);
  assert.deepEqual(cluster.apiServer?.certSANs, ["1.2.3.4", "10.0.0.9", "10.0.0.5"]);
  const twice = withPlatformFacts(withPlatformFacts(CONFIG, facts), { hostname: "other" });
  assert.equal(twice.machine.network?.hostname, "node-a");
  assert.deepEqual(twice.machine.certSANs, machine.certSANs);
});

Deno.test("withPlatformFacts() leaves alone what nothing is known of", () => {
  const config = { ...CONFIG, machine: { ...CONFIG.machine, network: {} } };
  assert.deepEqual(withPlatformFacts(config, {}), config);
});

Deno.test("immediateFault() lets only the cluster section change", () => {
  const cluster = { ...CONFIG.cluster, clusterName: "other" };
  assert.equal(immediateFault(CONFIG, { ...CONFIG, cluster }), undefined);
  const machine = { ...CONFIG.machine, type: "init" };
  const fault = immediateFault(CONFIG, { ...CONFIG, machine }) ?? "";
  assert.match(fault, /^this config change can't be applied in immediate mode\ndiff: @@/);
  assert.ok(fault.includes("\n-    type: controlplane\n+    type: init\n"), fault);
});

Deno.test("configDiff() shows that a secret differs, never the secret", () => {
  const machine = { ...CONFIG.machine, token: "secret-other" };
  const diff = configDiff(CONFIG, { ...CONFIG, machine });
  assert.ok(diff.includes('\n-    token: "******"\n+    token: "****** (changed)"\n'), diff);
  assert.ok(!diff.includes("secret"));
  assert.equal(configDiff(CONFIG, structuredClone(CONFIG)), "");
});

Deno.test("redactConfig() leaves no secret, and all the rest", () => {
  const redacted = redactConfig(CONFIG);
  assert.ok(!JSON.stringify(redacted).includes("secret"), JSON.stringify(redacted));
  assert.equal(redacted.machine?.ca?.crt, "public");
  assert.equal(redacted.machine?.type, "controlplane");
  assert.equal(redacted.machine?.registries?.config?.["r"]?.auth?.username, "u");
});

Deno.test("unifiedDiff() counts lines as patch does", () => {
  const before = Array.from({ length: 20 }, (_, i) => `${i}\n`).join("");
  const after = before.replace("2\n", "").replace("15\n", "15\nnew\n");
  assert.equal(
    unifiedDiff(before, after),
    "@@ -1,6 +1,5 @@\n 0\n 1\n-2\n 3\n 4\n 5\n" +
      "@@ -14,6 +13,7 @@\n 13\n 14\n 15\n+new\n 16\n 17\n 18\n",
  );
  assert.equal(unifiedDiff(before, before), "");
  assert.equal(unifiedDiff("", "a\n"), "@@ -0,0 +1,1 @@\n+a\n");
});
