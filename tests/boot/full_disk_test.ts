/**
 * Disks without a free block or inode: the node answers, keeps its configuration, boots, and says what is
 * wrong; with room again all goes on. Each test goes on where the one before left the machine.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { blankDisk } from "./blank_disk.ts";
import { bootTest } from "./boot_test_case.ts";
import { BOOTED } from "./disk_node.ts";
import { faultMachine } from "./fault_image.ts";
import { FaultLine } from "./fault_line.ts";
import { BOOT_MS, EVENT_MS, type Node, startNode, until } from "./node.ts";
import { makeStateDisk, stateDiskMissing } from "./state_disk.ts";
import { Talosctl } from "./talosctl.ts";

const STATE = "/system/state";
const CONFIG = `${STATE}/config.yaml`;
const VAR_BYTES = 512 << 20;
const unless = await stateDiskMissing();

let directory: string;
let node: Node;
let line: FaultLine;
let user: Talosctl;
let yaml = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "full-disk-test-" });
});

Deno.test.afterAll(async () => {
  line?.[Symbol.dispose]();
  await node?.[Symbol.asyncDispose]();
  await user?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** The configuration with this host name. */
function named(name: string): string {
  return yaml.replace("network: {}", `network: { hostname: ${name} }`);
}

/** Whether a service runs and is healthy. */
async function isWell(id: string): Promise<boolean> {
  const { messages } = await node.machine.serviceList({});
  const found = messages[0]?.services.find((one) => one.id === id);
  return found?.state === "Running" && found.health?.healthy === true;
}

bootTest("a node with volumes of its own boots", async () => {
  const [state, ephemeral] = [join(directory, "state.img"), join(directory, "var.img")];
  await makeStateDisk(state);
  await blankDisk(ephemeral, VAR_BYTES);
  const socket = join(directory, "fault.sock");
  node = await startNode({
    ...await faultMachine(socket),
    disks: [state, ephemeral],
    config: (text) => yaml = text,
  });
  line = await FaultLine.open(socket);
  user = await Talosctl.administrator(node);
  await node.vm.until(BOOTED, BOOT_MS);
  await node.ready();
  assert.match(await user.print(["read", "/proc/mounts"]), /^\/dev\/vdb \/var xfs /m);
}, { bringsUp: true, unless, tier: "every" });

bootTest("a full STATE refuses a configuration and keeps the one it has", async () => {
  const before = await user.print(["read", CONFIG]);
  assert.equal(await line.ask(`fill ${STATE}`), "full");
  const file = await user.file("next.yaml", named("refused"));
  const { code, stderr } = await user.run(["apply-config", "--on-reboot", "-f", file]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /what was saved before stays: .*; make room on the volume and apply it again/,
  );
  assert.equal(await user.print(["read", CONFIG]), before);
}, { unless, tier: "every" });

bootTest("a full EPHEMERAL leaves the API answering and the services running", async () => {
  assert.equal(await line.ask("fill /var"), "full");
  await user.print(["version"]);
  for (const id of ["apid", "routerd", "trustd", "containerd", "cri"]) {
    assert.ok(await isWell(id), id);
  }
}, { unless, tier: "every" });

bootTest("a node whose disks are full boots, and can write what it needs to", async () => {
  const from = (await node.vm.console()).length;
  await node.vm.monitor("system_reset");
  await node.vm.until(BOOTED, BOOT_MS, from);
  await node.vm.until(/\/var is nearly full, \d+ MiB are left: make room/, EVENT_MS, from);
  await until(async () => assert.ok(await isWell("cri")), EVENT_MS, node.vm);
  assert.equal(await user.print(["read", CONFIG]), yaml);
  const mounts = await user.print(["read", "/proc/mounts"]);
  for (const layer of ["/etc/kubernetes", "/etc/cni", "/opt"]) {
    assert.match(mounts, new RegExp(`^overlay ${layer} overlay rw,`, "m"));
  }
}, { bringsUp: true, unless, tier: "long" });

bootTest("with room again a configuration is saved, and /var keeps room for the node", async () => {
  assert.equal(await line.ask("free /var"), "free");
  assert.equal(await line.ask(`free ${STATE}`), "free");
  const from = (await node.vm.console()).length;
  const file = await user.file("next.yaml", named("accepted"));
  await user.print(["apply-config", "-f", file]);
  await node.vm.until(BOOTED, BOOT_MS, from);
  await node.ready();
  assert.equal(await user.print(["read", "/proc/sys/kernel/hostname"]), "accepted\n");
  assert.match(await user.print(["list", "-l", "/var/system"]), /-rw------- +16777216 .*reserve/);
}, { unless, tier: "long" });
