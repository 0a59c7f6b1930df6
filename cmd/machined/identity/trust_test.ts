import assert from "node:assert/strict";
import { testConfig } from "../controllers/testing.ts";
import { trustdEndpoints, trustSettings } from "./trust.ts";

const host = { hostname: "master-1", addresses: ["10.5.0.2"] };

Deno.test("trustSettings() keeps every name of the control plane for the control plane", async () => {
  const { config } = await testConfig("controlplane", { additionalSans: ["cluster.test"] });
  const settings = trustSettings(config, {
    ...{ host, voucher: "", controlPlanes: ["10.5.0.3"], lifetimeMs: 1_000 },
  });
  for (const name of ["10.5.0.1", "10.5.0.2", "10.5.0.3", "master-1", "cluster.test"]) {
    assert.ok(settings?.reserved.includes(name), name);
  }
  assert.ok(!settings?.names.includes("10.5.0.3"));
  assert.deepEqual(Object.keys(settings?.files ?? {}), [
    "/system/secrets/ca.crt",
    "/etc/kubernetes/pki/ca.crt",
    "/etc/kubernetes/pki/etcd/ca.crt",
  ]);
  for (const file of Object.values(settings?.files ?? {})) assert.ok(!file.includes("KEY"));
});

Deno.test("trustSettings() are nothing on a worker", async () => {
  const { config } = await testConfig("join");
  const options = { host, voucher: "", controlPlanes: [], lifetimeMs: 1_000 };
  assert.equal(trustSettings(config, options), undefined);
});

Deno.test("trustdEndpoints() are the known control planes first, then their endpoint, each once", async () => {
  const { config } = await testConfig("join", { endpoint: "https://[fd00::1]:6443" });
  const hosts = trustdEndpoints(config, ["10.5.0.2", "fd00::1", "10.5.0.3"]).map(({ host }) =>
    host
  );
  assert.deepEqual(hosts, ["10.5.0.2", "fd00::1", "10.5.0.3"]);
  assert.deepEqual(trustdEndpoints(config, []), [{ host: "fd00::1", port: 50001 }]);
});
