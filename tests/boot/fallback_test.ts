/**
 * A release that is signed and whole but does not come up: the former one is back without a hand, says
 * why, and stays.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { addContext, contextOf, Talosconfig } from "$lib/talosconfig/mod.ts";
import { bootTest } from "./boot_test_case.ts";
import { diskMissing, freshFirmware, makeDisk } from "./disk_image.ts";
import { panickingInstaller, serveInstallers } from "./installers.ts";
import { BOOT_MS, EVENT_MS, type Node, startNode } from "./node.ts";
import { Talosctl } from "./talosctl.ts";

const DISK_BYTES = 2 * 2 ** 30;
const BROKEN = "v0.1.2";
const unless = await diskMissing();

let directory: string;
let registry: ReturnType<typeof serveInstallers>;
let node: Node;
let user: Talosctl;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "fallback-test-" });
});

Deno.test.afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await user?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

const DONE = /(?<!re)boot sequence: done/;

bootTest("a node runs from a disk that the image was written to", async () => {
  registry = serveInstallers({
    [BROKEN]: await panickingInstaller(BROKEN, join(directory, "broken")),
  });
  let yaml = "";
  node = await startNode({
    disks: [await makeDisk(directory, DISK_BYTES)],
    ...{ firmware: await freshFirmware(directory), memoryMib: 2048 },
    config(text) {
      const document = parseDocument(text);
      document.setIn(["machine", "registries", "mirrors"], {
        "installers.test": { endpoints: [`http://10.0.2.2:${registry.port}`] },
      });
      return yaml = document.toString();
    },
  });
  const context = contextOf({ ca: node.ca.crt, ...node.admin }, {
    endpoints: [node.address],
    nodes: [node.address],
  });
  user = await Talosctl.make(addContext(Talosconfig.empty(), "fallback", context).toString());
  await user.file("config.yaml", yaml);
  await node.vm.until(/maintenance mode: talos\.config names no configuration/, BOOT_MS);
  const insecure = ["--insecure", "--nodes", node.address];
  await user.print(["apply-config", ...insecure, "--file", "config.yaml"]);
  await node.vm.until(DONE, BOOT_MS);
}, { unless, bringsUp: true });

bootTest("a release whose kernel panics is tried once, and the former one says so", async () => {
  const from = (await node.vm.console()).length;
  await user.print(["upgrade", "--image", `installers.test/installer:${BROKEN}`]);
  const panic = await node.vm.until(/Kernel panic - not syncing/, BOOT_MS, from);
  const after = from + panic.index;
  await node.vm.until(/v0\.1\.2 was tried and failed: it did not come up/, BOOT_MS, after);
  await node.vm.until(DONE, BOOT_MS, after);
  await node.ready(EVENT_MS);
  const status = await user.print(["get", "upgradestatus", "--output", "yaml"]);
  assert.match(status, /state: rolledBack/);
  assert.match(status, /message: .*v0\.1\.2 was tried and failed/);
  const events = await user.run(["events", "--tail", "-1", "--duration", "3s"]);
  assert.match(events.stdout, /upgrade.*rolled back to /);
  const { stderr } = await user.run(["rollback"]);
  assert.match(stderr, /Cannot roll back to v0\.1\.2 in slot B: it did not come up/);
}, { unless });
