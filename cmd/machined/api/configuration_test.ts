import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { secretsOf } from "$lib/config/mod.ts";
import { ConfigStore } from "../config/store.ts";
import { testConfig } from "../controllers/testing.ts";
import { configurationApi } from "./configuration.ts";
import { clientOf, serve } from "./testing.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A node that runs the test configuration; what it kept and asked for is written down. */
async function node({ keeps = false, broken = false } = {}) {
  const { text } = await testConfig();
  const config = new ConfigStore();
  config.accept(text, () => {});
  const done: string[] = [];
  const client = clientOf(configurationApi({
    config,
    log: (line) => done.push(line),
    power: { request: (action, origin) => done.push(`${action} by ${origin}`) },
    ...(keeps
      ? {
        configPersistence: {
          async save(kept) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            if (broken) throw new Error("disk is full");
            done.push(`kept ${kept.length} characters`);
          },
        },
      }
      : {}),
  }));
  return { text, config, client, done, running: config.running.value };
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
      /^Cannot keep the configuration for the next boot: this node has no STATE partition yet/,
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
    await assert.rejects(client.applyConfiguration({ data: bytes(renamed(text)), ...mode }));
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
    const client = clientOf(configurationApi({
      config,
      log: (line) => done.push(line),
      power: { request: (action) => done.push(action) },
    }));
    await client.applyConfiguration({ data: bytes(text), ...mode });
    assert.equal(config.running.value?.text, text);
    assert.deepEqual(done, ["configuration brought by API, until the next boot"]);
  });
}

Deno.test("applyConfiguration() cannot wait for a reboot in maintenance mode, nor take nonsense", async () => {
  const { text } = await testConfig();
  const power = { request: () => {} };
  const config = new ConfigStore();
  const client = clientOf(configurationApi({ config, log: () => {}, power }));
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
  await using over = await serve(
    configurationApi({ config, log: () => {}, power: { request: () => {} } }),
  );
  const servers = "            - 10.0.0.1\n".repeat(4_000);
  const next = text.replace("network: {}", `network:\n        nameservers:\n${servers}`);
  await refused(
    over.client.applyConfiguration({ data: bytes(next), immediate: true }),
    Code.InvalidArgument,
    /\n\.\.\. and \d+ more lines$/,
  );
});
