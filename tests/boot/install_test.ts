/**
 * A machine with UEFI, an empty disk and a CD installs itself, boots from the disk, refuses what is no
 * installer, takes the next release and goes back to the former one.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { EMULATED_ARGUMENTS } from "../../cmd/talosctl/cluster/qemu.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import { blankDisk } from "./blank_disk.ts";
import { bootTest } from "./boot_test_case.ts";
import { diskMissing, freshFirmware, makeCd } from "./disk_image.ts";
import { BOOTED } from "./disk_node.ts";
import {
  builtTag,
  installerOf,
  mirrorInstallers,
  NEXT_TAG,
  nextImage,
  REPOSITORY,
  type ServedInstallers,
  serveInstallers,
} from "./installers.ts";
import { BOOT_MS, DIST, EVENT_MS, type Node, startNode, until } from "./node.ts";
import { Talosctl } from "./talosctl.ts";

const DISK_BYTES = 3 * 2 ** 30;
const CALL = { timeoutMs: EVENT_MS };
const unless = await diskMissing();

/** What the registry has. */
const images: Record<string, BuiltImage> = {};
let directory: string;
let registry: ServedInstallers;
let node: Node;
let user: Talosctl;
let firstTag = "";

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "install-test-" });
});

Deno.test.afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await user?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** The generated configuration, with a disk to install to and installers that come from the test. */
function configured(text: string): string {
  const document = parseDocument(text);
  document.setIn(["machine", "install"], {
    ...{ disk: "/dev/vda", image: `${REPOSITORY}:${firstTag}`, wipe: false },
    extraKernelArgs: [...EMULATED_ARGUMENTS, "talos.upgrade.trial=500"],
  });
  mirrorInstallers(document, registry);
  document.setIn(["machine", "network", "hostname"], "installed");
  return document.toString();
}

/** Waits for the end of a boot, in the console after offset `from`, and for the API of a release. */
async function booted(tag: string, from: number): Promise<void> {
  await node.vm.until(BOOTED, BOOT_MS, from);
  await until(
    async () => {
      const { messages } = await node.machine.version({}, CALL);
      assert.equal(messages[0]?.version?.tag, tag);
    },
    EVENT_MS,
    node.vm,
  );
}

async function consoleBytes(): Promise<number> {
  return (await node.vm.console()).length;
}

bootTest(
  "a machine without an installation installs itself once it has a configuration, and boots from its disk",
  async () => {
    firstTag = await builtTag();
    images[firstTag] = await installerOf(DIST, join(directory, "this"));
    registry = serveInstallers(images);
    const [disk, cd] = [join(directory, "disk.raw"), await makeCd(directory)];
    await blankDisk(disk, DISK_BYTES);
    let yaml = "";
    node = await startNode({
      ...{ disks: [disk], cds: [cd], firmware: await freshFirmware(directory), memoryMib: 2048 },
      config: (text) => yaml = configured(text),
    });
    user = await Talosctl.administrator(node);
    await user.file("config.yaml", yaml);
    await node.vm.until(/maintenance mode: talos\.config names no configuration/, BOOT_MS);
    const insecure = ["--insecure", "--nodes", node.address];
    await user.print(["apply-config", ...insecure, "--file", "config.yaml"]);
    await node.vm.until(/reboot requested by installation/, BOOT_MS);
    const text = await node.vm.console();
    assert.match(text, new RegExp(`installer: ${firstTag} is on /dev/vda`));
    assert.match(text, /configuration saved in "\/system\/state\/config\.yaml" on \/dev\/vda3/);
    await booted(firstTag, text.length);
    assert.match(await user.print(["read", "/proc/cmdline"]), / talos\.upgrade\.trial=500\n?$/);
    assert.equal(await user.print(["read", "/proc/sys/kernel/hostname"]), "installed\n");
    const mounts = await user.print(["read", "/proc/mounts"]);
    assert.match(mounts, /^\/dev\/vda4 \/var xfs rw,/m);
    const status = await user.print(["get", "upgradestatus"]);
    assert.match(status, new RegExp(`${firstTag} +A +permanent`));
  },
  { unless, bringsUp: true },
);

bootTest("an image that is not there is refused before anything starts", async () => {
  const { code, stderr } = await user.run(["upgrade", "--image", `${REPOSITORY}:none`]);
  assert.equal(code, 1);
  assert.match(stderr, /error validating installer image "installers\.test\/installer:none": /);
  const { code: none, stderr: why } = await user.run(["rollback"]);
  assert.equal(none, 1);
  assert.match(why, /Cannot roll back: slot B holds no release/);
  assert.equal((await node.machine.version({}, CALL)).messages[0]?.version?.tag, firstTag);
}, { unless });

bootTest(
  "an upgrade boots the next release, which becomes permanent once it is healthy",
  async () => {
    images[NEXT_TAG] = await installerOf(await nextImage(), join(directory, "next"));
    const from = await consoleBytes();
    const table = await user.print(["upgrade", "--image", `${REPOSITORY}:${NEXT_TAG}`]);
    assert.match(table, /Upgrade request received/);
    await node.vm.until(new RegExp(`installer: ${NEXT_TAG} is on /dev/vda`), BOOT_MS, from);
    await booted(NEXT_TAG, from);
    await node.vm.until(/slot B has proved itself: it is permanent/, BOOT_MS, from);
    const status = await user.print(["get", "upgradestatus"]);
    assert.match(status, new RegExp(`${NEXT_TAG} +B +permanent`));
    assert.equal(await user.print(["read", "/proc/sys/kernel/hostname"]), "installed\n");
  },
  { unless },
);

bootTest("a rollback boots the former release, which is there as it was", async () => {
  const from = await consoleBytes();
  await user.print(["rollback"]);
  await booted(firstTag, from);
  const status = await user.print(["get", "upgradestatus"]);
  assert.match(status, new RegExp(`${firstTag} +A +permanent`));
  assert.equal(await user.print(["read", "/proc/sys/kernel/hostname"]), "installed\n");
}, { unless });
