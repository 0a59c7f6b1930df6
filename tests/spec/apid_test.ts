/**
 * talosctl against the real apid and routerd on loopback.
 *
 * @module
 */
import assert from "node:assert/strict";
import { hoursMs, issueClientLeaf } from "$lib/pki/mod.ts";
import { testPki, testTalosconfig } from "../../cmd/talosctl/testing/cluster.ts";
import { startNode } from "../conformance/node.ts";
import { Home } from "./spec.ts";

Deno.test("talosctl talks to apid: unary, streams, several nodes, a dead one, refusals", async (test) => {
  await using node = await startNode();
  const now = new Date();
  const client = await issueClientLeaf({ ca: node.ca, now, lifetimeMs: hoursMs(1) });
  await using home = await Home.make();
  const write = (name: string, pair: typeof client): Promise<void> =>
    Deno.writeTextFile(
      home.at(name),
      testTalosconfig({ ca: node.ca, client: pair }, { endpoints: [node.endpoint] }),
    );
  await write("good", client);
  await write("stranger", (await testPki()).client);
  const run = (...args: string[]): ReturnType<Home["run"]> =>
    home.run(["--talosconfig", "good", ...args]);

  await test.step("without nodes the endpoint names the row", async () => {
    const { code, stdout, stderr } = await run("version", "--short");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /Server:\n\tNODE: {8}127\.0\.0\.1\n\tTag: {9}v0\.1\.0\n$/);
  });
  await test.step("rows of the living, the dead node on stderr, exit 1", async () => {
    // Nothing listens at this address; apid finds out and says so.
    const { code, stdout, stderr } = await run("-n", "127.0.0.1,127.0.0.77", "memory");
    assert.equal(code, 1);
    assert.match(stdout, /^NODE .*\n127\.0\.0\.1 {3}[^\n]*\n$/);
    assert.match(stderr, /^1 error occurred:\n\t\* 127\.0\.0\.77: .+\n$/);
  });
  await test.step("streams carry the node's name when nodes are addressed", async () => {
    const { code, stdout } = await run("-n", "127.0.0.1", "dmesg");
    assert.equal(code, 0);
    assert.equal(stdout.split("\n").length, 101);
    assert.ok(stdout.startsWith("127.0.0.1: kern: info: [0]: line\n"));
  });
  await test.step("two nodes' lists come in one table", async () => {
    const { code, stdout } = await run("-n", "127.0.0.1", "-n", "localhost", "list", "/etc");
    assert.equal(code, 0);
    const rows = stdout.trim().split("\n").slice(1).sort();
    assert.deepEqual(rows, [
      "127.0.0.1   .",
      "127.0.0.1   os-release",
      "localhost   .",
      "localhost   os-release",
    ]);
  });
  await test.step("a snapshot goes up piece by piece, to the endpoint and to a named node", async () => {
    await Deno.writeFile(home.at("db"), new Uint8Array(20_000_000));
    for (const nodes of [[], ["-n", "127.0.0.1"]]) {
      const { code, stderr } = await run(...nodes, "bootstrap", "--recover-from", "db");
      assert.deepEqual([code, stderr], [0, ""]);
    }
    await Deno.writeFile(home.at("db"), new Uint8Array(0));
    const { code, stderr } = await run("bootstrap", "--recover-from", "db");
    assert.equal(code, 1);
    assert.match(stderr, /InvalidArgument desc = the snapshot is empty/);
  });
  await test.step("a status of the node is told", async () => {
    const { code, stderr } = await run("service", "nosuch", "restart");
    assert.equal(code, 1);
    assert.match(stderr, /code = NotFound desc = service "nosuch" is not registered/);
  });
  await test.step("a client of another cluster is refused with a reason", async () => {
    const { code, stderr } = await home.run(["--talosconfig", "stranger", "version"]);
    assert.equal(code, 1);
    assert.match(stderr, /client certificate|Unauthenticated/);
  });
});
