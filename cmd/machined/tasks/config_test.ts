import assert from "node:assert/strict";
import { KernelCmdline } from "$lib/cmdline/mod.ts";
import { systemClock } from "$lib/service/mod.ts";
import { ConfigStore } from "../config/store.ts";
import { testConfig } from "../controllers/testing.ts";
import { ApiIdentity } from "../identity/api_identity.ts";
import { identityInputs } from "../identity/names.ts";
import { loadConfig } from "./config.ts";

const HOST = { hostname: "node-a", addresses: ["10.0.2.15"] };

/** A machine whose sources each give this text, and say that they were asked. */
function world(cmdline: string, text: string | Uint8Array, host = HOST) {
  const source = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const asked: string[] = [];
  const log: string[] = [];
  const config = new ConfigStore();
  const identity = new ApiIdentity({
    inputs: () => identityInputs(config.running.value?.config, host),
    clock: systemClock,
    lifetimeMs: 3_600_000,
    log: () => {},
  });
  const task = loadConfig({
    cmdline: KernelCmdline.parse(cmdline),
    config,
    identity,
    log: (line) => log.push(line),
    hostNames: () => host,
    fetchConfig: (url) => Promise.resolve(void asked.push(url)).then(() => source),
    readConfigVolume: () => Promise.resolve(void asked.push("volume")).then(() => source),
  });
  return { task, config, identity, log, asked };
}

for (
  const [source, asked] of [["http://h/c.yaml", "http://h/c.yaml"], [
    "metal-iso",
    "volume",
  ]] as const
) {
  Deno.test(`loadConfig() takes the configuration of talos.config=${source}`, async () => {
    const { text } = await testConfig();
    const machine = world(`talos.config=${source}`, text);
    await machine.task.run(new AbortController().signal);
    assert.deepEqual(machine.asked, [asked]);
    assert.equal(machine.config.running.value?.text, text);
    assert.equal(machine.identity.inMaintenance, false);
  });
}

Deno.test("loadConfig() reads a configuration in UTF-16, as editors of other systems write it", async () => {
  const { text } = await testConfig();
  const units = Uint16Array.from(`\uFEFF${text}`, (letter) => letter.charCodeAt(0));
  const machine = world("talos.config=http://h/c.yaml", new Uint8Array(units.buffer));
  await machine.task.run(new AbortController().signal);
  assert.equal(machine.config.running.value?.text, text);
});

for (const [cmdline, kind] of [["", "controlplane"], ["talos.config=none", "join"]] as const) {
  Deno.test(`loadConfig() of "${cmdline}" waits in maintenance mode for a ${kind}`, async () => {
    const { text } = await testConfig(kind);
    const machine = world(cmdline, "");
    const done = Promise.resolve(machine.task.run(new AbortController().signal));
    for (let tries = 0; tries < 1_000 && !machine.log.at(-1)?.includes("--interactive"); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(machine.identity.inMaintenance);
    const { fingerprint } = machine.identity;
    assert.ok(machine.log.some((line) => line.includes(`--cert-fingerprint '${fingerprint}'`)));
    assert.ok(machine.log.some((line) => line.includes("--nodes 10.0.2.15")));
    machine.config.accept(text, () => {});
    await done;
    const face = machine.identity.current.value;
    if (kind === "join") assert.deepEqual(face, { maintenance: null });
    else assert.ok(face && "identity" in face);
    assert.deepEqual(machine.asked, []);
  });
}

Deno.test("loadConfig() waits in maintenance mode also before there is a name or an address", async () => {
  const machine = world("", "", { hostname: "(none)", addresses: [] });
  const abort = new AbortController();
  const done = Promise.resolve(machine.task.run(abort.signal));
  for (let tries = 0; tries < 1_000 && !machine.log.at(-1)?.includes("waits"); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(machine.identity.inMaintenance);
  abort.abort(new Error("over"));
  await assert.rejects(done, /over/);
});

Deno.test("loadConfig() ends in maintenance mode with its signal", async () => {
  const machine = world("", "");
  const abort = new AbortController();
  const done = Promise.resolve(machine.task.run(abort.signal));
  abort.abort(new Error("shutting down"));
  await assert.rejects(done, /shutting down/);
});
