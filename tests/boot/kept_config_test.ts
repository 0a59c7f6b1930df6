/**
 * A node with a STATE volume keeps its configuration there: it boots with it when nobody serves one any
 * more, takes changes for the next boot, and loses nothing when the power goes.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { applyPatch } from "$lib/config/mod.ts";
import { bootTest } from "./boot_test_case.ts";
import { BOOT_MS, type Node, startNode, until } from "./node.ts";
import { makeStateDisk, stateDiskMissing } from "./state_disk.ts";
import { Talosctl } from "./talosctl.ts";

const KEPT = "/system/state/config.yaml";
/** What the configuration writes: a file of its own, and one over the image's. */
const FILES = [
  { op: "create", path: "/var/lib/agent/token", content: "agent's\n", permissions: 0o600 },
  { op: "append", path: "/etc/protocols", content: "mine 250 MINE\n", permissions: 0o644 },
];
const unless = await stateDiskMissing();
const NAMES = ["from-url", "on-reboot", "by-default"] as const;

let node: Node;
let user: Talosctl;
let directory: string;
let yaml = "";
let asked = 0;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "kept-config-test-" });
});

Deno.test.afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await user?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** The configuration with this host name, in a domain. */
function named(name: string): string {
  return yaml.replace("network: {}", `network: { hostname: ${name}.kept.test }`);
}

/** Waits until the node has booted, after offset `from` of the console, and has this name. */
async function booted(name: string, from = 0): Promise<void> {
  await node.vm.until(/(?<!re)boot sequence: done/, BOOT_MS, from);
  await until(
    async () => {
      const { messages } = await node.machine.version({});
      assert.equal(messages.length, 1);
      assert.equal(await user.print(["read", "/proc/sys/kernel/hostname"]), `${name}\n`);
    },
    BOOT_MS,
    node.vm,
  );
}

bootTest("what the URL gave is kept on STATE, readable by its owner alone", async () => {
  const disk = join(directory, "state.img");
  await makeStateDisk(disk);
  node = await startNode({
    disks: [disk],
    config: (text) =>
      yaml = applyPatch(text, [{ op: "add", path: "/machine/files", value: FILES }]),
    // Served once: later boots have only what was kept.
    serve: () => asked++ ? new Response(null, { status: 410 }) : new Response(named(NAMES[0])),
  });
  user = await Talosctl.administrator(node);
  assert.notEqual(named("x"), yaml);
  await booted(NAMES[0]);
  assert.equal(await user.print(["read", "/proc/sys/kernel/domainname"]), "kept.test\n");
  assert.equal(await user.print(["read", KEPT]), named(NAMES[0]));
  assert.match(await user.print(["list", "-l", "/system/state"]), /-rw-------.*config\.yaml/);
  const mounts = await user.print(["read", "/proc/mounts"]);
  assert.match(mounts, /^\/dev\/vda \/system\/state xfs rw,nosuid,nodev,noexec,/m);
}, { bringsUp: true, unless, tier: "every" });

bootTest("the files of the configuration are there, those outside /var read-only", async () => {
  assert.equal(await user.print(["read", "/var/lib/agent/token"]), "agent's\n");
  assert.match(await user.print(["list", "-l", "/var/lib/agent"]), /-rw-------.*token/);
  assert.match(await user.print(["read", "/etc/protocols"]), /^tcp\b[^]*\nmine 250 MINE\n$/m);
  const mounts = await user.print(["read", "/proc/mounts"]);
  assert.match(mounts, /^\S+ \/etc\/protocols \S+ ro,nosuid,nodev,/m);
}, { unless });

bootTest("a change for the next boot waits, and outlives a power cut right after", async () => {
  const file = await user.file("next.yaml", named(NAMES[1]));
  await user.print(["apply-config", "--on-reboot", "-f", file]);
  assert.equal(await user.print(["read", "/proc/sys/kernel/hostname"]), `${NAMES[0]}\n`);
  const from = (await node.vm.console()).length;
  await node.vm.monitor("system_reset");
  await booted(NAMES[1], from);
  assert.equal(await user.print(["read", KEPT]), named(NAMES[1]));
}, { bringsUp: true, unless });

bootTest("without a mode the node reboots by itself, and runs the change", async () => {
  const file = await user.file("next.yaml", named(NAMES[2]));
  const from = (await node.vm.console()).length;
  await user.print(["apply-config", "-f", file]);
  await node.vm.until(/reboot sequence: done/, BOOT_MS, from);
  await booted(NAMES[2], from + (await node.vm.console()).slice(from).indexOf("reboot sequence"));
  assert.equal(asked, 1);
}, { bringsUp: true, unless, tier: "long" });
