import assert from "node:assert/strict";
import { adminOf, badCredentials, credentialOptions } from "./credentials.ts";
import { startNode, type TestNode } from "./node.ts";
import { type CaseResult, type PythonClient, pythonClient, pythonMissing } from "./python.ts";

const missing = pythonMissing();
const ignore = missing !== undefined;
const why = missing ? ` (skipped: ${missing})` : "";
const DEAD = "127.0.0.2";

/** A node, the foreign client, and the options with which it is let in. */
async function scene(
  test: (scene: {
    client: PythonClient;
    node: TestNode;
    dir: string;
    admin: string[];
    endpoint: string[];
  }) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await using node = await startNode();
    const client = await pythonClient();
    const admin = await credentialOptions(dir, node.ca.crt, await adminOf(node.ca));
    await test({ client, node, dir, admin, endpoint: ["--endpoint", node.endpoint] });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function allPass(results: readonly CaseResult[], atLeast: number): void {
  const failed = results.filter(({ pass }) => !pass).map((one) => `${one.case}: ${one.detail}`);
  assert.deepEqual(failed, []);
  assert.ok(results.length >= atLeast, `${results.length} cases ran, not ${atLeast}`);
}

Deno.test({
  name: `grpcio calls every method of the API, streams too${why}`,
  ignore,
  fn: () =>
    scene(async ({ client, admin, endpoint }) => {
      const results = await client.run("calls", [...endpoint, ...admin, "--destructive"]);
      allPass(results, 44);
    }),
});

Deno.test({
  name: `grpcio calls every method through a named node and sees its name on each answer${why}`,
  ignore,
  fn: () =>
    scene(async ({ client, admin, endpoint }) => {
      const node = ["--node", "127.0.0.1", "--destructive"];
      allPass(await client.run("calls", [...endpoint, ...admin, ...node]), 44);
    }),
});

Deno.test({
  name: `grpcio asks two nodes of which one is dead and gets an answer and an error${why}`,
  ignore,
  fn: () =>
    scene(async ({ client, admin, endpoint }) => {
      const nodes = ["--node", "127.0.0.1", "--dead", DEAD];
      allPass(await client.run("nodes", [...endpoint, ...admin, ...nodes]), 10);
    }),
});

Deno.test({
  name: `grpcio gets a status for methods and services that do not exist${why}`,
  ignore,
  fn: () =>
    scene(async ({ client, admin, endpoint }) => {
      allPass(await client.run("unknown", [...endpoint, ...admin]), 5);
    }),
});

Deno.test({
  name: `grpcio is refused paths that are no regular files, with no byte${why}`,
  ignore,
  fn: () =>
    scene(async ({ client, admin, endpoint }) => {
      const paths = ["etc/os-release", "/proc/kmsg", "/proc/1/mem"].flatMap((p) => ["--path", p]);
      allPass(await client.run("files", [...endpoint, ...admin, ...paths]), 3);
    }),
});

Deno.test({
  name: `grpcio with a bad certificate is refused on every method and the log has the peer${why}`,
  ignore,
  fn: () =>
    scene(async ({ client, node, dir, endpoint }) => {
      for (const { label, pair } of await badCredentials(node.ca)) {
        const before = node.log.length;
        const options = await credentialOptions(dir, node.ca.crt, pair);
        const args = [...endpoint, ...options, "--label", label, "--destructive"];
        allPass(await client.run("refused", args), 44);
        const lines = node.log.slice(before).filter((line) =>
          line.startsWith("refused 127.0.0.1:")
        );
        assert.ok(lines.length >= 44, `${label}: the log has ${lines.length} refusals`);
      }
    }),
});

Deno.test({
  name: `grpcio without TLS is refused on every method${why}`,
  ignore,
  fn: () =>
    scene(async ({ client, endpoint }) => {
      const args = [...endpoint, "--plaintext", "--label", "plaintext", "--destructive"];
      allPass(await client.run("refused", args), 43);
    }),
});

Deno.test({
  name: `grpcio with good credentials fails the test of refusals${why}`,
  ignore,
  fn: () =>
    scene(async ({ client, admin, endpoint }) => {
      const results = await client.run("refused", [...endpoint, ...admin]);
      const version = results.find((one) => one.case.endsWith("/Version"));
      assert.deepEqual([version?.pass, version?.detail], [false, "a message came"]);
    }),
});
