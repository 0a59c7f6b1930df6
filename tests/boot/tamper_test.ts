/** Every way an image can be changed: the boot stops with a sentence, or the kernel ends it. */
import assert from "node:assert/strict";
import { bootTest } from "./boot_test_case.ts";
import { builtManifest } from "./built_manifest.ts";
import { BOOT_MS, DIST, EVENT_MS, startNode } from "./node.ts";
import {
  flipEveryBlock,
  middleBlocks,
  treeOffset,
  withFile,
  withFlippedRootfs,
} from "./tampering.ts";

/** Boots with what `make` builds and waits for `pattern` and for the restart that `panic=2` asks. */
async function stops(
  make: (directory: string) => Promise<string>,
  pattern: RegExp,
  after = /reboot: Restarting system|Rebooting in 2 seconds/,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "tamper-test-" });
  try {
    const initrd = await make(directory);
    await using node = await startNode({ initrd, arguments: ["panic=2"], args: ["-no-reboot"] });
    await node.vm.until(pattern, BOOT_MS);
    await node.vm.until(after, EVENT_MS);
    assert.doesNotMatch(await node.vm.console(), /initialize sequence/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function flipped(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  copy[at]! ^= 1;
  return copy;
}

bootTest("a changed manifest stops the boot", () =>
  stops(
    async (directory) => {
      const manifest = await Deno.readFile(`${DIST}manifest.json`);
      return await withFile(directory, "/image/manifest.json", flipped(manifest, 30));
    },
    /boot stopped: Cannot trust manifest\.json: its signature is not of this image's signing key/,
  ));

bootTest("a changed signature stops the boot", () =>
  stops(async (directory) => {
    const signature = await Deno.readFile(`${DIST}manifest.json.sig`);
    return await withFile(directory, "/image/manifest.json.sig", flipped(signature, 40));
  }, /boot stopped: Cannot trust manifest\.json/));

bootTest("an image signed by another key stops the boot", () =>
  stops(async (directory) => {
    const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign"]) as CryptoKeyPair;
    const manifest = await Deno.readFile(`${DIST}manifest.json`);
    const signature = await crypto.subtle.sign("Ed25519", pair.privateKey, manifest);
    return await withFile(directory, "/image/manifest.json.sig", new Uint8Array(signature));
  }, /boot stopped: Cannot trust manifest\.json/));

bootTest("a truncated root filesystem stops the boot", () =>
  stops(async (directory) => {
    const image = await Deno.readFile(`${DIST}rootfs.sqsh`);
    return await withFile(directory, "/rootfs.sqsh", image.slice(0, image.length - 4096));
  }, /boot stopped: Cannot open rootfs\.sqsh: it has \d+ bytes instead of \d+/));

bootTest("a changed superblock stops the boot", () =>
  stops(
    (directory) => withFlippedRootfs(directory, [8]),
    /boot stopped: Cannot open the root filesystem of the image/,
  ));

bootTest("a changed hash tree stops the boot", async () => {
  const offset = treeOffset(await builtManifest());
  await stops(
    (directory) => withFlippedRootfs(directory, [offset]),
    /boot stopped: Cannot open the root filesystem of the image/,
  );
});

bootTest("changed programs end in dm-verity's panic before machined runs", async () => {
  const offsets = middleBlocks(await builtManifest());
  await stops(
    (directory) => withFlippedRootfs(directory, offsets),
    /dm-verity device corrupted|Attempted to kill init/,
  );
});

bootTest("an image on a disk that is changed while it runs gives no byte of it", async () => {
  const directory = await Deno.makeTempDir({ prefix: "tamper-test-" });
  const disk = `${directory}/rootfs.img`;
  await Deno.copyFile(`${DIST}rootfs.sqsh`, disk);
  try {
    await using node = await startNode({
      disks: [disk],
      arguments: ["talos.root=/dev/vda", "panic=60"],
    });
    await node.ready();
    await flipEveryBlock(disk, await builtManifest());
    let bytes = 0;
    await assert.rejects(async () => {
      const path = "/usr/share/doc/libc6/copyright";
      for await (const chunk of node.machine.read({ path }, { timeoutMs: EVENT_MS })) {
        bytes += chunk.bytes.length;
      }
    });
    assert.equal(bytes, 0);
    await node.vm.until(/dm-verity device corrupted|data block \d+ is corrupted/, EVENT_MS);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

bootTest("a command line without KSPP's demands stops the boot with what it lacks", async () => {
  await using node = await startNode({ arguments: ["pti=off", "panic=0"] });
  await node.vm.until(/Cannot boot: the kernel command line lacks pti=on/, BOOT_MS);
  await node.vm.until(/panic=0: the machine stays up after the failure/, EVENT_MS);
  // It stays, and still does what its buttons say.
  await node.vm.monitor("system_powerdown");
  await node.vm.until(/shutdown requested by power button/, EVENT_MS);
  await node.vm.off(EVENT_MS);
});

bootTest("another platform stops the boot with one sentence", async () => {
  await using node = await startNode({ arguments: ["talos.platform=aws", "panic=0"] });
  await node.vm.until(/Cannot boot on platform "aws": this release supports "metal" only/, BOOT_MS);
});
