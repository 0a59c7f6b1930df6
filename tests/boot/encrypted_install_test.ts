/**
 * A machine that installs itself from a CD with STATE and EPHEMERAL encrypted: what it was told before
 * there was a disk is on the disk, nowhere in the clear, and outlives upgrade and rollback.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Document, parseDocument } from "yaml";
import { renamedInstaller } from "./altered_releases.ts";
import { bootTest } from "./boot_test_case.ts";
import { type CdNode, startCdNode } from "./cd_node.ts";
import { diskMissing } from "./disk_image.ts";
import { BOOTED } from "./disk_node.ts";
import { REPOSITORY } from "./installers.ts";
import { BOOT_MS } from "./node.ts";

const NEXT_TAG = "v0.1.2";
const PASSPHRASE = "a passphrase of EPHEMERAL";
/** On the disk in the clear, since boot loaders read it. */
const ARGUMENT = "talos.upgrade.trial=500";
const long = { unless: await diskMissing(), tier: "long" } as const;

let directory: string;
let machine: CdNode;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "encrypted-install-test-" });
});

Deno.test.afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** Has the machine of a configuration encrypt its volumes. */
function encrypt(document: Document): void {
  document.setIn(["machine", "systemDiskEncryption"], {
    // Nothing but the machine itself is needed to come to its configuration, which has the other key.
    state: { provider: "luks2", keys: [{ slot: 0, nodeID: {} }] },
    ephemeral: { provider: "luks2", keys: [{ slot: 0, static: { passphrase: PASSPHRASE } }] },
  });
}

/** Waits for the end of a boot, in the console after `from`, with a release that runs from a slot. */
async function runs(tag: string, slot: "A" | "B", from: number): Promise<void> {
  const { node, user, config } = machine;
  await node.vm.until(BOOTED, BOOT_MS, from);
  await node.ready();
  assert.match(await user.print(["get", "upgradestatus"]), new RegExp(`${tag} +${slot} +perman`));
  assert.equal(await user.print(["read", "/system/state/config.yaml"]), config);
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
  machine = await startCdNode(directory, {
    kernelArguments: [ARGUMENT],
    change: encrypt,
    // QEMU's machines have none unless told.
    args: ["-uuid", crypto.randomUUID()],
  });
  const { node, user, tag } = machine;
  await machine.configure();
  const { index } = await node.vm.until(/reboot requested by installation/, BOOT_MS);
  await runs(tag, "A", index);
  assert.match(await user.print(["read", "/proc/cmdline"]), new RegExp(` ${ARGUMENT}\n?$`));
}, { ...long, bringsUp: true });

bootTest("it takes the next release and goes back, with all it had", async () => {
  const { node, user, tag, images } = machine;
  images[NEXT_TAG] = await renamedInstaller(NEXT_TAG, join(directory, "next"));
  const shown = async () => (await node.vm.console()).length;
  const upgrade = await shown();
  await user.print(["upgrade", "--image", `${REPOSITORY}:${NEXT_TAG}`]);
  await node.vm.until(/slot B has proved itself: it is permanent/, BOOT_MS, upgrade);
  await runs(NEXT_TAG, "B", upgrade);
  const rollback = await shown();
  await user.print(["rollback"]);
  await runs(tag, "A", rollback);
  assert.doesNotMatch((await node.vm.console()).slice(upgrade), /making (it )?the volume/);
}, long);

bootTest("none of the secrets that it was told is on the disk in the clear", async () => {
  const { node, user, disk, config } = machine;
  await user.print(["shutdown"]);
  await node.vm.off(BOOT_MS);
  const document = parseDocument(config);
  const secrets = [
    ...[["machine", "token"], ["machine", "ca", "key"], ["cluster", "token"]],
    ...[["cluster", "ca", "key"], ["cluster", "aescbcEncryptionSecret"]],
  ].map((path) => {
    const value = document.getIn(path);
    assert.ok(typeof value === "string" && value.length > 16, path.join("."));
    return value;
  });
  assert.deepEqual(await foundIn(disk, [PASSPHRASE, ...secrets, ARGUMENT]), [ARGUMENT]);
}, long);
