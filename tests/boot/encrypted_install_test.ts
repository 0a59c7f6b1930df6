/**
 * A machine that installs itself from a CD with STATE and EPHEMERAL encrypted: what it was told before
 * there was a disk is on the disk, nowhere in the clear, and outlives upgrade and rollback.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Document, parseDocument } from "yaml";
import { EMULATED_ARGUMENTS } from "../../cmd/talosctl/cluster/qemu.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import { renamedInstaller } from "./altered_releases.ts";
import { blankDisk } from "./blank_disk.ts";
import { bootTest } from "./boot_test_case.ts";
import { diskMissing, freshFirmware, makeCd } from "./disk_image.ts";
import { BOOTED } from "./disk_node.ts";
import {
  builtTag,
  installerOf,
  mirrorInstallers,
  REPOSITORY,
  type ServedInstallers,
  serveInstallers,
} from "./installers.ts";
import { BOOT_MS, DIST, type Node, startNode } from "./node.ts";
import { Talosctl } from "./talosctl.ts";

const DISK_BYTES = 3 * 2 ** 30;
const NEXT_TAG = "v0.1.2";
const PASSPHRASE = "a passphrase of EPHEMERAL";
/** On the disk in the clear, since boot loaders read it. */
const ARGUMENT = "talos.upgrade.trial=500";
const long = { unless: await diskMissing(), tier: "long" } as const;

const images: Record<string, BuiltImage> = {};
let directory: string;
let disk: string;
let registry: ServedInstallers;
let node: Node;
let user: Talosctl;
let config: Document;
let firstTag: string;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "encrypted-install-test-" });
  disk = join(directory, "disk.raw");
});

Deno.test.afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await user?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** The generated configuration with an installation whose volumes are encrypted. */
function encrypted(text: string): Document {
  const document = parseDocument(text);
  document.setIn(["machine", "install"], {
    ...{ disk: "/dev/vda", image: `${REPOSITORY}:${firstTag}`, wipe: false },
    extraKernelArgs: [...EMULATED_ARGUMENTS, ARGUMENT],
  });
  document.setIn(["machine", "systemDiskEncryption"], {
    // Nothing but the machine itself is needed to come to its configuration, which has the other key.
    state: { provider: "luks2", keys: [{ slot: 0, nodeID: {} }] },
    ephemeral: { provider: "luks2", keys: [{ slot: 0, static: { passphrase: PASSPHRASE } }] },
  });
  mirrorInstallers(document, registry);
  return document;
}

/** Waits for the end of a boot, in the console after `from`, with a release that runs from a slot. */
async function runs(tag: string, slot: "A" | "B", from: number): Promise<void> {
  await node.vm.until(BOOTED, BOOT_MS, from);
  await node.ready();
  assert.match(await user.print(["get", "upgradestatus"]), new RegExp(`${tag} +${slot} +perman`));
  assert.equal(await user.print(["read", "/system/state/config.yaml"]), config.toString());
  const mounts = await user.print(["read", "/proc/mounts"]);
  assert.match(mounts, /^\/dev\/dm-\d+ \/system\/state xfs rw,nosuid,nodev,noexec,/m);
  assert.match(mounts, /^\/dev\/dm-\d+ \/var xfs rw,/m);
}

/** Which of some texts are somewhere in a file. */
async function foundIn(path: string, texts: readonly string[]): Promise<string[]> {
  const longest = Math.max(...texts.map((text) => text.length));
  const chunk = new Uint8Array(16 * 2 ** 20);
  const found = new Set<string>();
  using file = await Deno.open(path);
  for (let kept = 0;;) {
    const read = await file.read(chunk.subarray(kept));
    if (read === null) return texts.filter((text) => found.has(text));
    const held = new Uint8Array(chunk.buffer, 0, kept + read);
    const latin = new TextDecoder("latin1").decode(held);
    for (const text of texts) if (latin.includes(text)) found.add(text);
    // A text may go on in what is read next.
    kept = Math.min(held.length, longest);
    chunk.copyWithin(0, held.length - kept, held.length);
  }
}

bootTest("a machine installs itself with STATE and EPHEMERAL encrypted", async () => {
  firstTag = await builtTag();
  images[firstTag] = await installerOf(DIST, join(directory, "this"));
  registry = serveInstallers(images);
  await blankDisk(disk, DISK_BYTES);
  node = await startNode({
    ...{ disks: [disk], cds: [await makeCd(directory)], memoryMib: 2048 },
    firmware: await freshFirmware(directory),
    // QEMU's machines have none unless told.
    args: ["-uuid", crypto.randomUUID()],
    config: (text) => (config = encrypted(text)).toString(),
  });
  user = await Talosctl.administrator(node);
  const file = await user.file("config.yaml", config.toString());
  await node.vm.until(/maintenance mode: talos\.config names no configuration/, BOOT_MS);
  await user.print(["apply-config", "--insecure", "--nodes", node.address, "--file", file]);
  const { index } = await node.vm.until(/reboot requested by installation/, BOOT_MS);
  await runs(firstTag, "A", index);
  assert.match(await user.print(["read", "/proc/cmdline"]), new RegExp(` ${ARGUMENT}\n?$`));
}, { ...long, bringsUp: true });

bootTest("it takes the next release and goes back, with all it had", async () => {
  images[NEXT_TAG] = await renamedInstaller(NEXT_TAG, join(directory, "next"));
  const shown = async () => (await node.vm.console()).length;
  const upgrade = await shown();
  await user.print(["upgrade", "--image", `${REPOSITORY}:${NEXT_TAG}`]);
  await node.vm.until(/slot B has proved itself: it is permanent/, BOOT_MS, upgrade);
  await runs(NEXT_TAG, "B", upgrade);
  const rollback = await shown();
  await user.print(["rollback"]);
  await runs(firstTag, "A", rollback);
  assert.doesNotMatch((await node.vm.console()).slice(upgrade), /making (it )?the volume/);
}, long);

bootTest("none of the secrets that it was told is on the disk in the clear", async () => {
  await user.print(["shutdown"]);
  await node.vm.off(BOOT_MS);
  const secrets = [
    ...[["machine", "token"], ["machine", "ca", "key"], ["cluster", "token"]],
    ...[["cluster", "ca", "key"], ["cluster", "aescbcEncryptionSecret"]],
  ].map((path) => {
    const value = config.getIn(path);
    assert.ok(typeof value === "string" && value.length > 16, path.join("."));
    return value;
  });
  assert.deepEqual(await foundIn(disk, [PASSPHRASE, ...secrets, ARGUMENT]), [ARGUMENT]);
}, long);
