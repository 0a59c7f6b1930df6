/**
 * Golden runs of talosctl against a server that speaks gRPC over mutual TLS as apid does, and
 * without any. `UPDATE_GOLDEN=1` writes what was printed into the files, to be read before it is
 * committed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { TestNode, testPki, testTalosconfig } from "../../cmd/talosctl/testing/cluster.ts";
import { testRoutes } from "../../cmd/talosctl/testing/machine.ts";
import { assertGolden, fits, readGolden, writeGolden } from "./golden.ts";
import { Home } from "./spec.ts";

const HERE = import.meta.dirname ?? ".";

for (const name of ["node", "kubernetes", "offline", "usage"]) {
  const file = join(HERE, `${name}.golden`);
  Deno.test(`talosctl prints as ${name}.golden says`, async (test) => {
    const pki = await testPki();
    await using node = await TestNode.start(pki, testRoutes);
    await using home = await Home.make();
    const talosconfig = testTalosconfig(pki, { endpoints: [node.endpoint] });
    await Deno.writeTextFile(home.at("cluster"), talosconfig);
    const port = node.endpoint.slice(node.endpoint.indexOf(":") + 1);
    const online = name === "node" || name === "kubernetes";
    const env: Record<string, string> = online ? { TALOSCONFIG: home.at("cluster") } : {};
    const printed: string[] = [];
    for (const golden of readGolden(await Deno.readTextFile(file))) {
      const args = golden.args.map((arg) => arg.replace("PORT", port));
      const run = await home.run(args, env);
      const plain = (text: string): string =>
        text.replaceAll(home.path, "HOME").replaceAll(port, "PORT");
      const shown = { ...run, stdout: plain(run.stdout), stderr: plain(run.stderr) };
      if (Deno.env.has("UPDATE_GOLDEN")) {
        // What still fits keeps its wildcards.
        printed.push(writeGolden(golden.args, fits(shown, golden) ? golden : shown));
        continue;
      }
      printed.push(golden.args.join(" "));
      await test.step(golden.args.join(" "), () => assertGolden(shown, golden));
    }
    if (Deno.env.has("UPDATE_GOLDEN")) await Deno.writeTextFile(file, printed.join("\n"));
    assert.ok(printed.length > 0);
  });
}
