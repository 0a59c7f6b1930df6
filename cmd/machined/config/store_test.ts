import assert from "node:assert/strict";
import { testConfig } from "../controllers/testing.ts";
import { ConfigFault, ConfigStore } from "./store.ts";

for (const kind of ["init", "controlplane", "join"] as const) {
  Deno.test(`ConfigStore accepts a generated ${kind} configuration and keeps its text`, async () => {
    const { text } = await testConfig(kind);
    const store = new ConfigStore();
    const log: string[] = [];
    assert.equal(store.accept(text, (line) => log.push(line)), store.running.value);
    assert.equal(store.running.value?.text, text);
    assert.deepEqual(log, []);
  });
}

Deno.test("ConfigStore refuses with every finding and its place; the former one stays", async () => {
  const { text } = await testConfig();
  const store = new ConfigStore();
  const before = store.accept(text, () => {});
  const bad = text.replace(/^ {4}install:\n/m, "    setup:\n")
    .replace("dnsDomain: cluster.local", "dnsDomain: -x-")
    .replace("    - 10.244.0.0/16", "    - {}");
  assert.throws(() => store.accept(bad, () => {}), (error) => {
    assert.ok(error instanceof ConfigFault);
    const all = error.findings.map(({ message }) => message).join("\n");
    assert.match(
      all,
      /config\.yaml: install instructions are required in "metal" mode|config\.yaml:\d+:\d+: install/,
    );
    assert.match(all, /config\.yaml:\d+:\d+: "-x-" is not a valid DNS name/);
    assert.equal(error.findings.length, 3);
    assert.ok(!error.message.includes("\n"), "one line, for the kernel log");
    return true;
  });
  assert.equal(store.running.value, before);
});

Deno.test("ConfigStore logs what is only odd and takes the configuration", async () => {
  const { text } = await testConfig();
  const log: string[] = [];
  new ConfigStore().accept(`${text}colour: blue\n`, (line) => log.push(line));
  assert.equal(log.length, 1);
  assert.match(log[0] ?? "", /^configuration: config\.yaml:\d+:1: .*colour/);
});

Deno.test("ConfigStore.read() leaves alone what runs", async () => {
  const store = new ConfigStore();
  store.read((await testConfig()).text, () => {});
  assert.equal(store.running.value, undefined);
});

Deno.test("ConfigStore adds what the platform knows to the values, not to the text", async () => {
  const { text } = await testConfig();
  const store = new ConfigStore({ platform: { hostname: "node-a", externalIps: ["1.2.3.4"] } });
  const { config, text: kept } = store.accept(new TextEncoder().encode(text), () => {});
  assert.equal(kept, text);
  assert.equal(config.machine.network?.hostname, "node-a");
  assert.ok(config.machine.certSANs.includes("1.2.3.4"));
  assert.ok(config.cluster.apiServer?.certSANs?.includes("1.2.3.4"));
});
