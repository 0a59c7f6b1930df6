import assert from "node:assert/strict";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { createSecrets, secretsOf } from "$lib/config/mod.ts";
import { systemClock } from "$lib/service/mod.ts";
import { ConfigurationService } from "$proto/configuration/configuration_pb.ts";
import { SavedConfig } from "../config/saved.ts";
import { ConfigStore } from "../config/store.ts";
import { testConfig } from "../controllers/testing.ts";
import { ConfigChanges, type ConfigChangesDeps } from "./config_changes.ts";
import { configurationApi, configurationService } from "./configuration.ts";
import { clientOf, serve } from "./testing.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function changesOf(
  deps:
    & Omit<ConfigChangesDeps, "clock" | "savedConfig" | "installFault" | "prepareState">
    & Partial<ConfigChangesDeps>,
): ConfigChanges {
  return new ConfigChanges({
    savedConfig: new SavedConfig(),
    installFault: () => Promise.resolve(undefined),
    prepareState: () => Promise.resolve(),
    ...{ ...deps, clock: systemClock },
  });
}

/** A node that runs the test configuration; what it kept and asked for is written down. */
async function node({ keeps = false, broken = false } = {}) {
  const { text } = await testConfig();
  const config = new ConfigStore();
  config.accept(text, () => {});
  const done: string[] = [];
  const changes = changesOf({
    config,
    log: (line) => done.push(line),
    power: { request: (action, origin) => done.push(`${action} by ${origin}`) },
    ...(keeps
      ? {
        savedConfig: {
          available: true,
          async save(kept) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            if (broken) throw new Error("disk is full");
            done.push(`kept ${kept.length} characters`);
          },
        },
      }
      : {}),
  });
  const client = clientOf(configurationApi({ changes }));
  const more = createClient(
    ConfigurationService,
    createRouterTransport(({ service }) => {
      service(ConfigurationService, configurationService({ changes }));
    }),
  );
  return { text, config, client, more, done, running: config.running.value };
}

function refused(promise: Promise<unknown>, code: Code, message: RegExp): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(Code[error.code], Code[code]);
    assert.match(error.rawMessage, message);
    return true;
  });
}

/** The configuration with another name of the cluster, and a comment of the user's. */
const renamed = (text: string): string =>
  text.replace(/clusterName: test.*/, "clusterName: other # ours");
const otherHost = (text: string): string => text.replace("network: {}", "network: {hostname: x}");

Deno.test("applyConfiguration() replaces at once what is under cluster, text and values", async () => {
  const { text, config, client, done } = await node();
  const next = renamed(text);
  assert.notEqual(next, text);
  const answer = await client.applyConfiguration({ data: bytes(next), immediate: true });
  assert.equal(answer.messages.length, 1);
  assert.equal(config.running.value?.text, next);
  assert.equal(config.running.value?.config.cluster.clusterName, "other");
  assert.deepEqual(done, ["configuration replaced by API, until the next boot"]);
});

Deno.test("applyConfiguration() refuses what the machine cannot be installed with", async () => {
  const config = new ConfigStore();
  const asked: boolean[] = [];
  const changes = changesOf({
    ...{ config, log: () => {}, power: { request: () => {} } },
    installFault: (_, fresh) => {
      asked.push(fresh);
      return Promise.resolve("Cannot install to /dev/vda: it is not blank");
    },
  });
  const client = clientOf(configurationApi({ changes }));
  const { text } = await testConfig();
  await assert.rejects(client.applyConfiguration({ data: bytes(text) }), {
    ...{ code: Code.FailedPrecondition },
    rawMessage: "Cannot install to /dev/vda: it is not blank",
  });
  assert.deepEqual(asked, [true]);
  assert.equal(config.running.value, undefined);
});

Deno.test("applyConfiguration() prepares STATE before a first configuration is saved, or refuses it", async () => {
  const { text } = await testConfig();
  for (const fault of ["", "no META"]) {
    const config = new ConfigStore();
    const done: string[] = [];
    const changes = changesOf({
      ...{ config, log: () => {}, power: { request: () => {} } },
      savedConfig: { available: true, save: () => Promise.resolve(void done.push("saved")) },
      prepareState({ machine: { type } }) {
        done.push(`prepared for ${type}`);
        return fault === "" ? Promise.resolve() : Promise.reject(new Error(fault));
      },
    });
    const client = clientOf(configurationApi({ changes }));
    const applied = client.applyConfiguration({ data: bytes(text) });
    if (fault === "") await applied;
    else await assert.rejects(applied, { code: Code.FailedPrecondition, rawMessage: fault });
    assert.deepEqual(done, ["prepared for controlplane", ...(fault === "" ? ["saved"] : [])]);
    assert.equal(config.running.value === undefined, fault !== "");
  }
});

Deno.test("applyConfiguration() refuses with a diff what a running machine cannot take up", async () => {
  const { text, config, client, running } = await node();
  const next = otherHost(text);
  assert.notEqual(next, text);
  await refused(
    client.applyConfiguration({ data: bytes(next), immediate: true }),
    Code.InvalidArgument,
    /^this config change can't be applied in immediate mode\ndiff: @@ [^]*\n\+ +hostname: x/,
  );
  const { text: foreign } = await testConfig("controlplane", {
    secrets: { ...secretsOf(running!.config), machineToken: "t0ken0.s3cr3t" },
  });
  await assert.rejects(
    client.applyConfiguration({ data: bytes(foreign), immediate: true }),
    (error: Error) => /token: .*changed/.test(error.message) && !error.message.includes("s3cr3t"),
  );
  assert.equal(config.running.value, running);
});

for (const mode of [{ immediate: true }, { onReboot: true }, {}]) {
  Deno.test(`applyConfiguration() names all that is wrong with ${JSON.stringify(mode)}`, async () => {
    const { text, config, client, done, running } = await node({ keeps: true });
    const bad = text.replace(/^ {4}disk: .*$|disk: \/dev\/sda.*/m, 'disk: ""')
      .replace(/dnsDomain: .*/, "dnsDomain: -x-");
    await refused(
      client.applyConfiguration({ data: bytes(bad), ...mode }),
      Code.InvalidArgument,
      /^2 errors occurred:\n\t\* config\.yaml:\d+:\d+: an install disk is [^\n]*\n\t\* .*"-x-" is not/,
    );
    await refused(
      client.applyConfiguration({ data: bytes("a: [\n"), ...mode }),
      Code.InvalidArgument,
      /^\d errors? occurred:\n\t\* config\.yaml:\d/,
    );
    await refused(
      client.applyConfiguration({ ...mode }),
      Code.InvalidArgument,
      /occurred/,
    );
    assert.equal(config.running.value, running);
    assert.deepEqual(done, []);
  });
}

for (const mode of [{ onReboot: true }, {}]) {
  const named = JSON.stringify(mode);
  Deno.test(`applyConfiguration() says why nothing is kept with ${named}`, async () => {
    const { text, config, client, done, running } = await node();
    await refused(
      client.applyConfiguration({ data: bytes(otherHost(text)), ...mode }),
      Code.FailedPrecondition,
      /^Cannot keep the configuration for the next boot: this node has no STATE volume/,
    );
    assert.equal(config.running.value, running);
    assert.deepEqual(done, []);
  });

  Deno.test(`applyConfiguration() keeps a configuration for the next boot with ${named}`, async () => {
    const { text, config, client, done, running } = await node({ keeps: true });
    const next = otherHost(text);
    await client.applyConfiguration({ data: bytes(next), ...mode });
    assert.equal(config.running.value, running);
    assert.deepEqual(done, [
      `kept ${next.length} characters`,
      "configuration for the next boot saved by API",
      ...(mode.onReboot ? [] : ["reboot by API"]),
    ]);
  });
}

Deno.test("applyConfiguration() changes nothing when the configuration cannot be kept", async () => {
  const { text, config, client, done, running } = await node({ keeps: true, broken: true });
  for (const mode of [{ immediate: true }, {}]) {
    await refused(
      client.applyConfiguration({ data: bytes(renamed(text)), ...mode }),
      Code.FailedPrecondition,
      /disk is full/,
    );
  }
  assert.equal(config.running.value, running);
  assert.deepEqual(done, []);
});

Deno.test("applyConfiguration() applies one after the other: the last sent is kept and runs", async () => {
  const { text, config, client, done } = await node({ keeps: true });
  const sent = Array.from({ length: 10 }, (_, i) => text + "#".repeat(i + 1));
  await Promise.all(
    sent.map((next) => client.applyConfiguration({ data: bytes(next), immediate: true })),
  );
  assert.equal(config.running.value?.text, sent.at(-1));
  assert.equal(
    done.filter((line) => line.startsWith("kept")).at(-1),
    `kept ${sent.at(-1)!.length} characters`,
  );
});

for (const mode of [{}, { immediate: true }]) {
  Deno.test(`applyConfiguration() brings the first configuration with ${JSON.stringify(mode)}`, async () => {
    const { text } = await testConfig();
    const done: string[] = [];
    const config = new ConfigStore();
    const changes = changesOf({
      config,
      log: (line) => done.push(line),
      power: { request: (action) => done.push(action) },
    });
    const client = clientOf(configurationApi({ changes }));
    await client.applyConfiguration({ data: bytes(text), ...mode });
    assert.equal(config.running.value?.text, text);
    assert.deepEqual(done, ["configuration brought by API, until the next boot"]);
  });
}

Deno.test("applyConfiguration() cannot wait for a reboot in maintenance mode, nor take nonsense", async () => {
  const { text } = await testConfig();
  const power = { request: () => {} };
  const config = new ConfigStore();
  const changes = changesOf({ config, log: () => {}, power });
  const client = clientOf(configurationApi({ changes }));
  await refused(
    client.applyConfiguration({ data: bytes(text), onReboot: true }),
    Code.InvalidArgument,
    /on reboot is not supported in maintenance mode/,
  );
  await refused(
    client.applyConfiguration({ data: bytes("machine: {}") }),
    Code.InvalidArgument,
    /cluster instructions are required/,
  );
  assert.equal(config.running.value, undefined);
});

Deno.test("applyConfiguration() gets its refusal through also when a thousand things are wrong", async () => {
  const { text } = await testConfig();
  const config = new ConfigStore();
  config.accept(text, () => {});
  const changes = changesOf({ config, log: () => {}, power: { request: () => {} } });
  await using over = await serve(configurationApi({ changes }));
  const servers = "            - 10.0.0.1\n".repeat(4_000);
  const next = text.replace("network: {}", `network:\n        nameservers:\n${servers}`);
  await refused(
    over.client.applyConfiguration({ data: bytes(next), immediate: true }),
    Code.InvalidArgument,
    /\n\.\.\. and \d+ more lines$/,
  );
});

Deno.test("applyConfiguration() refuses a configuration of another cluster in every mode", async () => {
  const { config, client, more, running, done } = await node({ keeps: true });
  const secrets = await createSecrets({ now: new Date() });
  const data = bytes((await testConfig("controlplane", { secrets })).text);
  for (const mode of [{}, { immediate: true }, { onReboot: true }]) {
    await refused(
      client.applyConfiguration({ data, ...mode }),
      Code.InvalidArgument,
      /^this configuration is of another cluster: .*\ndiff: @@ [^]*\*\*\* \(changed\)/,
    );
  }
  await refused(more.try({ data }), Code.InvalidArgument, /of another cluster/);
  assert.match((await more.check({ data })).messages[0]?.refusal ?? "", /of another cluster/);
  assert.equal(config.running.value, running);
  assert.deepEqual(done, []);
});

Deno.test("check() shows what would change and whether it would be taken, and changes nothing", async () => {
  const { text, config, more, running, done } = await node();
  const check = async (next: string, immediate = true) =>
    (await more.check({ data: bytes(next), immediate })).messages[0]!;
  const fine = await check(`${renamed(text)}colour: blue\n`);
  assert.match(fine.diff, /^-.*clusterName: test\n\+.*clusterName: other$/m);
  assert.equal(fine.refusal, "");
  assert.match(fine.warnings.join(), /colour/);
  assert.equal((await check(text)).diff, "");
  assert.match((await check(otherHost(text))).refusal, /can't be applied in immediate mode/);
  assert.match((await check(renamed(text), false)).refusal, /no STATE volume/);
  const secret = await check(text.replace(/token: .*/, "token: s3cr3t"));
  assert.doesNotMatch(JSON.stringify(secret), /s3cr3t/);
  await refused(
    more.check({ data: bytes("x: 1") }),
    Code.InvalidArgument,
    /missing kind/,
  );
  assert.equal(config.running.value, running);
  assert.deepEqual(done, []);
});

Deno.test("try() takes back what is not confirmed in time, and keeps what is", async () => {
  const { text, config, more, done, running } = await node({ keeps: true });
  const short = { data: bytes(renamed(text)), timeout: durationFromMs(1_000) };
  await more.try(short);
  assert.equal(config.running.value?.config.cluster.clusterName, "other");
  for (let tries = 0; tries < 2_000 && config.running.value !== running; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(config.running.value, running);
  await refused(more.confirm({}), Code.FailedPrecondition, /none is being tried/);
  await more.try(short);
  // A trial of a trial ends at what was there before both.
  await more.try({
    ...short,
    data: bytes(text.replace("clusterName: test", "clusterName: third")),
  });
  await more.confirm({});
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  assert.equal(config.running.value?.config.cluster.clusterName, "third");
  assert.deepEqual(done, [
    "configuration tried by API, taken back in 1 s unless confirmed",
    "configuration taken back: it was not confirmed in time",
    "configuration tried by API, taken back in 1 s unless confirmed",
    "configuration tried by API, taken back in 1 s unless confirmed",
    `kept ${text.length + 1} characters`,
    "configuration confirmed by API",
  ]);
});

Deno.test("try() refuses what a running machine cannot take up, and times that make no sense", async () => {
  const { text, config, more, running } = await node();
  await refused(
    more.try({ data: bytes(otherHost(text)) }),
    Code.InvalidArgument,
    /can't be applied in immediate mode/,
  );
  for (const ms of [0, 999, 90_000_000]) {
    await refused(
      more.try({ data: bytes(renamed(text)), timeout: durationFromMs(ms) }),
      Code.InvalidArgument,
      /a second to a day/,
    );
  }
  assert.equal(config.running.value, running);
});
