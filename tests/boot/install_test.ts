/**
 * A machine with UEFI, an empty disk and a CD installs itself, boots from the disk, refuses what is no
 * installer, takes the next release and goes back to the former one.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bootTest } from "./boot_test_case.ts";
import { type CdNode, startCdNode } from "./cd_node.ts";
import { diskMissing } from "./disk_image.ts";
import { BOOTED } from "./disk_node.ts";
import { installerOf, NEXT_TAG, nextImage, REPOSITORY } from "./installers.ts";
import { BOOT_MS, EVENT_MS, until } from "./node.ts";

const CALL = { timeoutMs: EVENT_MS };
const unless = await diskMissing();

let directory: string;
let machine: CdNode;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "install-test-" });
});

Deno.test.afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** Waits for the end of a boot, in the console after offset `from`, and for the API of a release. */
async function booted(tag: string, from: number): Promise<void> {
  const { node } = machine;
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
  return (await machine.node.vm.console()).length;
}

bootTest(
  "a machine without an installation installs itself once it has a configuration, and boots from its disk",
  async () => {
    machine = await startCdNode(directory, {
      kernelArguments: ["talos.upgrade.trial=500"],
      change: (document) => document.setIn(["machine", "network", "hostname"], "installed"),
    });
    const { node, user, tag } = machine;
    await machine.configure();
    await node.vm.until(/reboot requested by installation/, BOOT_MS);
    const text = await node.vm.console();
    assert.match(text, new RegExp(`installer: ${tag} is on /dev/vda`));
    assert.match(text, /configuration saved in "\/system\/state\/config\.yaml" on \/dev\/vda3/);
    await booted(tag, text.length);
    assert.match(await user.print(["read", "/proc/cmdline"]), / talos\.upgrade\.trial=500\n?$/);
    assert.equal(await user.print(["read", "/proc/sys/kernel/hostname"]), "installed\n");
    const mounts = await user.print(["read", "/proc/mounts"]);
    assert.match(mounts, /^\/dev\/vda4 \/var xfs rw,/m);
    const status = await user.print(["get", "upgradestatus"]);
    assert.match(status, new RegExp(`${tag} +A +permanent`));
  },
  { unless, bringsUp: true },
);

bootTest("an image that is not there is refused before anything starts", async () => {
  const { node, user, tag } = machine;
  const { code, stderr } = await user.run(["upgrade", "--image", `${REPOSITORY}:none`]);
  assert.equal(code, 1);
  assert.match(stderr, /error validating installer image "installers\.test\/installer:none": /);
  const { code: none, stderr: why } = await user.run(["rollback"]);
  assert.equal(none, 1);
  assert.match(why, /Cannot roll back: slot B holds no release/);
  assert.equal((await node.machine.version({}, CALL)).messages[0]?.version?.tag, tag);
}, { unless });

bootTest(
  "an upgrade boots the next release, which becomes permanent once it is healthy",
  async () => {
    const { node, user, images } = machine;
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
  const { user, tag } = machine;
  const from = await consoleBytes();
  await user.print(["rollback"]);
  await booted(tag, from);
  const status = await user.print(["get", "upgradestatus"]);
  assert.match(status, new RegExp(`${tag} +A +permanent`));
  assert.equal(await user.print(["read", "/proc/sys/kernel/hostname"]), "installed\n");
}, { unless });
