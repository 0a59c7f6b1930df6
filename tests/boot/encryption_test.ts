/** A disk with STATE and EPHEMERAL encrypted: other tools see LUKS2, and the next boots open what is on it. */
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
const STATE_KEYS = [{ slot: 0, static: { passphrase: "a passphrase of STATE" } }];
const NEXT_STATE_KEYS = [{ slot: 0, nodeID: {} }];
const KEYS = [{ slot: 0, nodeID: {} }, { slot: 1, static: { passphrase: PASSPHRASE } }];
/** QEMU's machines have none unless told. */
const UUID = ["-uuid", crypto.randomUUID()];
const tools = await isOnPath("cryptsetup") ? undefined : "cryptsetup is not installed";
const long = { unless: await diskMissing() ?? tools, tier: "long" } as const;

let directory: string;
let disk: string;
let node: Node;
let user: Talosctl;
let yaml = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "encryption-test-" });
});

Deno.test.afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await user?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** The configuration with both encrypted, STATE with these keys. */
function encrypted(yaml: string, stateKeys: unknown): string {
  const document = parseDocument(yaml);
  const ephemeral = { provider: "luks2", keys: KEYS };
  const state = { provider: "luks2", keys: stateKeys };
  document.setIn(["machine", "systemDiskEncryption"], { ephemeral, state });
  return document.toString();
}

/** What cryptsetup says of the first 24 MiB of a partition. */
async function dumpOf(label: string): Promise<string> {
  const file = join(directory, label);
  await using partition = await openPartition(disk, label);
  await Deno.writeFile(file, await partition.read(0, 24 * MIB));
  const dump = await new Deno.Command("cryptsetup", { args: ["luksDump", file] }).output();
  return new TextDecoder().decode(dump.stdout);
}

/** Whether cryptsetup opens a partition's dumped beginning with a passphrase. */
async function opens(label: string, passphrase: string): Promise<boolean> {
  const key = join(directory, "key");
  await Deno.writeTextFile(key, passphrase);
  const args = ["open", "--test-passphrase", "--key-file", key, join(directory, label), "x"];
  return (await new Deno.Command("cryptsetup", { args }).output()).success;
}

bootTest("a node has STATE and /var on LUKS2, and shows nobody the keys", async () => {
  disk = await makeDisk(directory, 2 * 2 ** 30);
  node = await startNode({
    ...{ disks: [disk], firmware: await freshFirmware(directory), memoryMib: 2048, args: UUID },
    config: (text) => yaml = encrypted(text, STATE_KEYS),
  });
  user = await Talosctl.administrator(node);
  await user.file("config.yaml", yaml);
  await node.vm.until(/maintenance mode: talos\.config names no configuration/, BOOT_MS);
  const insecure = ["--insecure", "--nodes", node.address];
  await user.print(["apply-config", ...insecure, "--file", "config.yaml"]);
  await node.vm.until(BOOTED, BOOT_MS);
  await node.ready();
  const mounts = await user.print(["read", "/proc/mounts"]);
  assert.match(mounts, /^\/dev\/dm-\d+ \/var xfs rw,/m);
  assert.match(mounts, /^\/dev\/dm-\d+ \/system\/state xfs rw,nosuid,nodev,noexec,/m);
  const console = await node.vm.console();
  assert.match(console, /\/dev\/vda4 is encrypted \(LUKS2\); what is on it is shown as \/dev\/dm-/);
  for (
    const text of [console, await user.print(["dmesg"]), await user.print(["logs", "machined"])]
  ) {
    assert.ok(!text.includes(PASSPHRASE) && !text.includes(STATE_KEYS[0]!.static.passphrase));
  }
  const other = await user.file(
    "other.yaml",
    yaml.replace(PASSPHRASE, "x").replace("nodeID: {}", "static: {passphrase: y}"),
  );
  const refused = await user.run(["apply-config", "--on-reboot", "-f", other]);
  assert.match(refused.stderr, /no key of the running configuration is left/);
}, { ...long, bringsUp: true });

bootTest(
  "other keys of STATE are taken by the next boot, which finds the configuration",
  async () => {
    assert.match(await dumpOf("STATE"), /Version:\s+2\n[^]*Label:\s+STATE\n/);
    assert.ok(await opens("STATE", STATE_KEYS[0]!.static.passphrase));
    const next = encrypted(yaml, NEXT_STATE_KEYS);
    const from = (await node.vm.console()).length;
    await user.print(["apply-config", "-f", await user.file("next.yaml", next)]);
    await node.vm.until(/the keys of STATE on \/dev\/vda3 are those of the config/, BOOT_MS, from);
    await node.vm.until(BOOTED, BOOT_MS, from);
    await node.ready();
    assert.equal(await user.print(["read", "/system/state/config.yaml"]), next);
    const { code, stderr } = await user.run([
      ...["patch", "mc", "--on-reboot", "-p"],
      JSON.stringify([{ op: "remove", path: "/machine/systemDiskEncryption/state" }]),
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /systemDiskEncryption\.state: a volume that is there is not decrypted/);
    await user.print(["shutdown"]);
    await node.vm.off(BOOT_MS);
    await node[Symbol.asyncDispose]();
    await dumpOf("STATE");
    assert.ok(!await opens("STATE", STATE_KEYS[0]!.static.passphrase));
  },
  { ...long, bringsUp: true },
);

bootTest(
  "cryptsetup opens the partition with the passphrase, and its data is not in the clear",
  async () => {
    assert.match(await dumpOf("EPHEMERAL"), /Version:\s+2\n[^]*Label:\s+EPHEMERAL\n/);
    assert.ok(await opens("EPHEMERAL", PASSPHRASE));
    assert.ok(!await opens("EPHEMERAL", "another"));
    await using partition = await openPartition(disk, "EPHEMERAL");
    const data = await partition.read(16 * MIB, 4);
    assert.notEqual(new TextDecoder().decode(data), "XFSB");
  },
  long,
);

bootTest("a later boot opens both volumes with what is on them", async () => {
  node = await startNode({
    ...{ disks: [disk], firmware: await freshFirmware(directory), memoryMib: 2048, args: UUID },
  });
  await node.vm.until(BOOTED, BOOT_MS);
  const console = await node.vm.console();
  for (const place of ["/var", "/system/state"]) {
    assert.match(console, new RegExp(`${place} is on /dev/dm-\\d+`));
  }
  assert.doesNotMatch(console, /making (it the volume|its filesystem)|maintenance mode/);
}, long);
