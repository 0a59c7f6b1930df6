/**
 * A machine that nobody calls: it boots a CD, has its configuration from another one, installs itself,
 * begins anew when the power goes meanwhile, and keeps what it has on its disk.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { openMedium, readGpt } from "$lib/disk/mod.ts";
import { EMULATED_ARGUMENTS } from "../../cmd/talosctl/cluster/qemu.ts";
import { blankDisk } from "./blank_disk.ts";
import { bootTest } from "./boot_test_case.ts";
import { builtManifest } from "./built_manifest.ts";
import { configVolume, isoToolMissing } from "./config_volume.ts";
import { diskMissing, freshFirmware, makeCd, openPartition } from "./disk_image.ts";
import { BOOTED } from "./disk_node.ts";
import {
  installerOf,
  mirrorInstallers,
  REPOSITORY,
  type ServedInstallers,
  serveInstallers,
} from "./installers.ts";
import { BOOT_MS, DIST, EVENT_MS, type Node, type NodeOptions, startNode, until } from "./node.ts";
import { Talosctl } from "./talosctl.ts";

const DISK_BYTES = 3 * 2 ** 30;
const long = { unless: await diskMissing() ?? await isoToolMissing(), tier: "long" } as const;

let directory: string;
let disk: string;
let registry: ServedInstallers;
let machine: NodeOptions;
let node: Node;
let user: Talosctl;
let tag = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "unattended-test-" });
  disk = join(directory, "disk.raw");
});

Deno.test.afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await user?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** The generated configuration with this machine's name and the test's installer. */
function configured(text: string): string {
  const document = parseDocument(text);
  document.setIn(["machine", "install", "image"], `${REPOSITORY}:${tag}`);
  document.setIn(["machine", "install", "extraKernelArgs"], EMULATED_ARGUMENTS);
  mirrorInstallers(document, registry);
  document.setIn(["machine", "network", "hostname"], "unattended");
  return document.toString();
}

bootTest("a power cut leaves an installation that was begun by a CD's configuration", async () => {
  tag = (await builtManifest()).version;
  registry = serveInstallers({ [tag]: await installerOf(DIST, join(directory, "installer")) });
  const cd = await makeCd(directory, ["talos.config=metal-iso"]);
  const config = join(directory, "config.iso");
  await blankDisk(disk, DISK_BYTES);
  machine = {
    ...{ disks: [disk], cds: [cd, config], memoryMib: 2048 },
    firmware: await freshFirmware(directory),
  };
  node = await startNode({
    ...machine,
    config(text) {
      const yaml = configured(text);
      configVolume(config, yaml);
      return yaml;
    },
  });
  user = await Talosctl.administrator(node);
  await node.vm.until(/installer: installing v\S+ to \/dev\/vda/, BOOT_MS);
  await until(
    async () => {
      await using medium = await openMedium(disk);
      const reading = await readGpt(medium);
      assert.ok(reading && reading.fault === undefined, "a whole partition table");
    },
    EVENT_MS,
    node.vm,
  );
  await node[Symbol.asyncDispose]();
}, { ...long, bringsUp: true });

bootTest("the next boot sees that, installs again, and then the disk boots", async () => {
  const { address } = node;
  node = await startNode({
    ...machine,
    forwards: [{ address, port: 50000, guestPort: 50000 }],
  });
  await node.vm.until(/\/dev\/vda is half installed, since that was cut off/, BOOT_MS);
  await node.vm.until(new RegExp(`installer: ${tag} is on /dev/vda`), BOOT_MS);
  const { index } = await node.vm.until(/reboot requested by installation/, BOOT_MS);
  await node.vm.until(BOOTED, BOOT_MS, index);
  assert.match(await user.print(["get", "upgradestatus"]), new RegExp(`${tag} +A +permanent`));
  const mounts = await user.print(["read", "/proc/mounts"]);
  assert.match(mounts, /^\/dev\/vda4 \/var xfs rw,/m);
}, { ...long, bringsUp: true });

bootTest("a reboot keeps configuration, host name and /var", async () => {
  const kept = async () => ({
    config: await user.print(["read", "/system/state/config.yaml"]),
    name: await user.print(["read", "/proc/sys/kernel/hostname"]),
    state: await volumeId("STATE"),
    ephemeral: await volumeId("EPHEMERAL"),
  });
  const before = await kept();
  assert.equal(before.name, "unattended\n");
  const from = (await node.vm.console()).length;
  await user.print(["reboot"]);
  await node.vm.until(/reboot sequence: done/, BOOT_MS, from);
  await node.vm.until(BOOTED, BOOT_MS, from);
  assert.deepEqual(await kept(), before);
  assert.doesNotMatch((await node.vm.console()).slice(from), /making (it )?the volume|installer:/);
}, long);

/** The identity of the filesystem in a partition. */
async function volumeId(label: string): Promise<string> {
  await using partition = await openPartition(disk, label);
  return (await partition.read(0, 48)).subarray(32).toHex();
}
