/** A disk with an encrypted EPHEMERAL: other tools see LUKS2, and the next boot opens what is on it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { isOnPath } from "../../mkimage/tools.ts";
import { bootTest } from "./boot_test_case.ts";
import { diskMissing, freshFirmware, makeDisk, openPartition } from "./disk_image.ts";
import { BOOTED } from "./disk_node.ts";
import { BOOT_MS, type Node, startNode } from "./node.ts";
import { Talosctl } from "./talosctl.ts";

const MIB = 2 ** 20;
const PASSPHRASE = "a passphrase of the test";
const KEYS = [{ slot: 0, nodeID: {} }, { slot: 1, static: { passphrase: PASSPHRASE } }];
/** QEMU's machines have none unless told. */
const UUID = ["-uuid", crypto.randomUUID()];
const tools = await isOnPath("cryptsetup") ? undefined : "cryptsetup is not installed";
const long = { unless: await diskMissing() ?? tools, tier: "long" } as const;

let directory: string;
let disk: string;
let node: Node;
let user: Talosctl;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "encryption-test-" });
});

Deno.test.afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await user?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** The configuration with an encrypted EPHEMERAL. */
function encrypted(yaml: string): string {
  const document = parseDocument(yaml);
  const ephemeral = { provider: "luks2", keys: KEYS };
  document.setIn(["machine", "systemDiskEncryption"], { ephemeral });
  return document.toString();
}

bootTest("a node has its /var on LUKS2, and shows nobody the keys", async () => {
  disk = await makeDisk(directory, 2 * 2 ** 30);
  let yaml = "";
  node = await startNode({
    ...{ disks: [disk], firmware: await freshFirmware(directory), memoryMib: 2048, args: UUID },
    config: (text) => yaml = encrypted(text),
  });
  user = await Talosctl.administrator(node);
  await user.file("config.yaml", yaml);
  await node.vm.until(/maintenance mode: talos\.config names no configuration/, BOOT_MS);
  const insecure = ["--insecure", "--nodes", node.address];
  await user.print(["apply-config", ...insecure, "--file", "config.yaml"]);
  await node.vm.until(BOOTED, BOOT_MS);
  await node.ready();
  assert.match(await user.print(["read", "/proc/mounts"]), /^\/dev\/dm-\d+ \/var xfs rw,/m);
  const console = await node.vm.console();
  assert.match(console, /\/dev\/vda4 is encrypted \(LUKS2\); what is on it is shown as \/dev\/dm-/);
  for (
    const text of [console, await user.print(["dmesg"]), await user.print(["logs", "machined"])]
  ) {
    assert.ok(!text.includes(PASSPHRASE));
  }
  const other = await user.file(
    "other.yaml",
    yaml.replace(PASSPHRASE, "x").replace("nodeID: {}", "static: {passphrase: y}"),
  );
  const refused = await user.run(["apply-config", "--on-reboot", "-f", other]);
  assert.match(refused.stderr, /no key of the running configuration is left/);
  await user.print(["shutdown"]);
  await node.vm.off(BOOT_MS);
  await node[Symbol.asyncDispose]();
}, { ...long, bringsUp: true });

bootTest(
  "cryptsetup opens the partition with the passphrase, and its data is not in the clear",
  async () => {
    const file = join(directory, "ephemeral");
    await using partition = await openPartition(disk, "EPHEMERAL");
    await Deno.writeFile(file, await partition.read(0, 32 * MIB));
    const dump = await new Deno.Command("cryptsetup", { args: ["luksDump", file] }).output();
    assert.match(new TextDecoder().decode(dump.stdout), /Version:\s+2\n[^]*Label:\s+EPHEMERAL\n/);
    const key = join(directory, "key");
    for (const [text, code] of [[PASSPHRASE, 0], ["another", 2]] as const) {
      await Deno.writeTextFile(key, text);
      const args = ["open", "--test-passphrase", "--key-file", key, file, "x"];
      assert.equal((await new Deno.Command("cryptsetup", { args }).output()).code, code);
    }
    const data = await partition.read(16 * MIB, 4);
    assert.notEqual(new TextDecoder().decode(data), "XFSB");
  },
  long,
);

bootTest("the next boot opens the volume with what is on it", async () => {
  node = await startNode({
    ...{ disks: [disk], firmware: await freshFirmware(directory), memoryMib: 2048, args: UUID },
  });
  await node.vm.until(BOOTED, BOOT_MS);
  const console = await node.vm.console();
  assert.match(console, /\/var is on \/dev\/dm-\d+/);
  assert.doesNotMatch(console, /making (it the volume|its filesystem)|maintenance mode/);
}, long);
