/**
 * `--output json` of every command that prints a table: objects that say what the table says.
 *
 * @module
 */
import assert from "node:assert/strict";
import { TestNode, testPki, testTalosconfig } from "../../cmd/talosctl/testing/cluster.ts";
import { testRoutes } from "../../cmd/talosctl/testing/machine.ts";
import { keyOf } from "../../cmd/talosctl/output/json.ts";
import { Home } from "./spec.ts";

const COMMANDS_DIRECTORY = new URL("../../cmd/talosctl/commands/", import.meta.url);

/** The objects in a text that holds one after the other. */
function objects(text: string): Record<string, unknown>[] {
  return text === "" ? [] : text.trimEnd().split(/(?<=^\})\n/m).map((part) => JSON.parse(part));
}

Deno.test("talosctl -o json says of each row what its table says", async (test) => {
  const pki = await testPki();
  await using node = await TestNode.start(pki, testRoutes);
  await using home = await Home.make();
  await Deno.writeTextFile(home.at("c"), testTalosconfig(pki, { endpoints: [node.endpoint] }));
  const run = async (command: string, ...more: string[]) =>
    (await home.run(["--talosconfig", "c", ...command.split(" "), ...more])).stdout;
  for (
    const command of [
      ...["memory", "services", "list -l /", "-n a du /etc", "-n a list /", "mounts", "processes"],
      ...["containers", "stats", "interfaces", "disks", "routes", "time", "-n a etcd members"],
      ...["service apid restart", "events --tail 1", "config contexts"],
    ]
  ) {
    await test.step(command, async () => {
      const table = (await run(command)).trimEnd().split("\n");
      const [header = "", ...lines] = table;
      const rows = objects(await run(command, "-o", "json"));
      assert.ok(lines.length > 0);
      assert.equal(rows.length, lines.length);
      for (const [i, row] of rows.entries()) {
        const keys = header.trim().split(/ {2,}/).map(keyOf);
        assert.deepEqual(Object.keys(row), keys);
        // Times go on between the two runs.
        for (const [key, value] of Object.entries(row)) {
          if (["lastChange", "nodeTime", "ntpServerTime"].includes(key)) continue;
          assert.ok(lines[i]?.includes(String(value)), `${key}: ${value} is not in ${lines[i]}`);
        }
      }
    });
  }
  const [apid] = objects(await run("service apid", "-o", "json"));
  assert.deepEqual([apid?.node, apid?.id, apid?.state], ["127.0.0.1", "apid", "Running"]);
  assert.ok(apid && "events" in apid);
  assert.deepEqual(objects(await run("list /", "-o", "json"))[0], { node: "127.0.0.1", name: "." });
});

Deno.test("talosctl has --output on every command that prints a table", async () => {
  const without: string[] = [];
  for await (const { name } of Deno.readDir(COMMANDS_DIRECTORY)) {
    if (!name.endsWith(".ts") || name.endsWith("_test.ts")) continue;
    const text = await Deno.readTextFile(new URL(name, COMMANDS_DIRECTORY));
    const prints = /\bout\.(table|record|liveTable)\(|\bshow\(session/.test(text);
    if (prints && !/tableCommand\(/.test(text)) without.push(name);
  }
  assert.deepEqual(without, ["_cluster.ts", "cluster_create.ts"]);
});
