import assert from "node:assert/strict";
import { join } from "node:path";
import { KernelCmdline } from "$lib/cmdline/mod.ts";
import { systemClock } from "$lib/service/mod.ts";
import { SavedConfig } from "../config/saved.ts";
import { ConfigStore } from "../config/store.ts";
import { testConfig } from "../controllers/testing.ts";
import { ApiIdentity } from "../identity/api_identity.ts";
import { identityInputs } from "../identity/names.ts";
import { loadConfig, saveConfig } from "./config.ts";

const HOST = { hostname: "node-a", addresses: ["10.0.2.15"] };

/** A machine whose sources each give this text, and say that they were asked. */
function world(
  cmdline: string,
  text: string | Uint8Array,
  { host = HOST, savedConfig = new SavedConfig() } = {},
) {
  const source = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const asked: string[] = [];
  const log: string[] = [];
  const config = new ConfigStore();
  const identity = new ApiIdentity({
    inputs: () => identityInputs(config.running.value?.config, host),
    askTrustd: () => Promise.reject(new Error("nobody answers")),
    clock: systemClock,
    lifetimeMs: 3_600_000,
    log: () => {},
  });
  const task = loadConfig({
    cmdline: KernelCmdline.parse(cmdline),
    config,
    savedConfig,
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
  const machine = world("", "", { host: { hostname: "(none)", addresses: [] } });
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

/** A volume that has this configuration saved. */
async function volume(text?: string): Promise<{ savedConfig: SavedConfig } & AsyncDisposable> {
  const directory = await Deno.makeTempDir({ prefix: "state-" });
  if (text !== undefined) await Deno.writeTextFile(join(directory, "config.yaml"), text);
  const savedConfig = new SavedConfig(directory);
  await savedConfig.open("/dev/vdb");
  return {
    savedConfig,
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

const NEVER = new AbortController().signal;

for (const cmdline of ["", "talos.config=none", "talos.config=http://h/c.yaml"]) {
  Deno.test(`loadConfig() of "${cmdline}" takes the saved configuration and asks nobody`, async () => {
    const { text } = await testConfig();
    await using state = await volume(`# saved\n${text}`);
    const machine = world(cmdline, text, state);
    await machine.task.run(NEVER);
    assert.equal(machine.config.running.value?.text, `# saved\n${text}`);
    assert.deepEqual(machine.asked, []);
    assert.match(machine.log.at(-1)!, /^configuration in ".*config\.yaml" on \/dev\/vdb$/);
  });
}

Deno.test("loadConfig() fetches anew where the saved configuration says persist: false", async () => {
  const { text } = await testConfig();
  const fleeting = text.replace("persist: true", "persist: false");
  assert.notEqual(fleeting, text);
  await using state = await volume(fleeting);
  const fetching = world("talos.config=http://h/c.yaml", text, state);
  await fetching.task.run(NEVER);
  assert.equal(fetching.config.running.value?.text, text);
  // With nothing to fetch from it is better than none.
  const alone = world("", "", state);
  await alone.task.run(NEVER);
  assert.equal(alone.config.running.value?.text, fleeting);
});

const DAMAGES: readonly [name: string, damage: (text: string) => string, reason: RegExp][] = [
  ["cut off", (text) => text.slice(0, 700), /cluster instructions are required/],
  ["of nothing", () => "", /config not found/],
  ["of another version", (text) => text.replace("v1alpha1", "v2"), /version/],
  ["too large", () => "#".repeat((4 << 20) + 1), /4194305 bytes are more than the limit/],
  ["not text", () => "\0\0\0", /config/],
];
for (const [name, damage, reason] of DAMAGES) {
  Deno.test(`loadConfig() refuses a saved configuration ${name}, with its place and the remedy`, async () => {
    const { text } = await testConfig();
    await using state = await volume(damage(text));
    const machine = world("", text, state);
    await assert.rejects(Promise.resolve(machine.task.run(NEVER)), (error: Error) => {
      assert.match(
        error.message,
        /^Cannot use the saved configuration ".*config\.yaml" on \/dev\/vdb: /,
      );
      assert.match(error.message, reason);
      assert.match(error.message, /boot the release that saved it, or mend or remove the file/);
      return true;
    });
    assert.equal(machine.config.running.value, undefined);
    assert.equal(machine.identity.inMaintenance, false);
  });
}

Deno.test("saveConfig() saves what was fetched, once", async () => {
  const { text } = await testConfig();
  await using state = await volume();
  const machine = world("talos.config=http://h/c.yaml", text, state);
  await machine.task.run(NEVER);
  const save = () =>
    saveConfig({ ...machine, ...state, log: (line) => machine.log.push(line) }).run(NEVER);
  await save();
  await save();
  assert.equal(new TextDecoder().decode(await state.savedConfig.read()), text);
  assert.equal(machine.log.filter((line) => line.startsWith("configuration saved")).length, 1);
});

Deno.test("saveConfig() lets a machine go on that cannot save, and says so", async () => {
  const { text } = await testConfig();
  const state = await volume();
  await state[Symbol.asyncDispose]();
  const machine = world("talos.config=http://h/c.yaml", text, state);
  await machine.task.run(NEVER);
  await saveConfig({ ...machine, ...state, log: (line) => machine.log.push(line) }).run(NEVER);
  assert.match(machine.log.at(-1)!, /^Cannot save the configuration in /);
});
