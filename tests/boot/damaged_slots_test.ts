/**
 * A disk that damaged the release which the machine runs: the other slot stands in for it, says so, and
 * takes the release that replaces it. With both damaged the machine stays where it is.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { bootTest } from "./boot_test_case.ts";
import { diskMissing, openPartition } from "./disk_image.ts";
import { BOOTED, type DiskNode, startDiskNode } from "./disk_node.ts";
import { BOOT_MS } from "./node.ts";
import { upgraded } from "./upgraded.ts";

const long = { unless: await diskMissing(), tier: "long" } as const;
const REFUSED = /boot stopped: Cannot open the root filesystem of the image/g;
const CHUNK_BYTES = 64 << 20;
/** The watchdog would have reset the machine by then. */
const STAYS_MS = 90_000;

let directory: string;
let machine: DiskNode;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "damaged-slots-test-" });
});

Deno.test.afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

/** Where root filesystems begin on the EFI system partition; on a new disk in the order of the slots. */
async function rootFilesystems(): Promise<number[]> {
  await using partition = await openPartition(machine.disk, "EFI");
  const found: number[] = [];
  for (let at = 0; at < partition.sizeBytes; at += CHUNK_BYTES) {
    const bytes = Buffer.from(
      await partition.read(at, Math.min(CHUNK_BYTES, partition.sizeBytes - at)),
    );
    for (let i = bytes.indexOf("hsqs"); i >= 0; i = bytes.indexOf("hsqs", i + 1)) {
      // Version 4.0 of the format: the kernel's own code has the word, too.
      if (i + 32 <= bytes.length && bytes.readUInt32LE(i + 28) === 4) found.push(at + i);
    }
  }
  return found;
}

/** Changes a byte of the superblock in these of them. */
async function damage(...offsets: readonly number[]): Promise<void> {
  await using partition = await openPartition(machine.disk, "EFI");
  for (const offset of offsets) {
    const [byte = 0] = await partition.read(offset + 8, 1);
    await partition.write(offset + 8, Uint8Array.of(byte ^ 1));
  }
}

async function status(): Promise<Record<string, string>> {
  return JSON.parse(await machine.user.print(["get", "upgradestatus", "-o", "json"])).spec;
}

bootTest("a node has a release in each slot", async () => {
  machine = await startDiskNode(directory, {
    ...{ sizeBytes: 3 * 2 ** 30, kernelArguments: ["talos.upgrade.trial=500"] },
  });
  await upgraded(machine, directory, { tag: "v0.1.2", slot: "B" });
}, { ...long, bringsUp: true });

bootTest("a release that is damaged is started three times, then the other stands in", async () => {
  const { node, user } = machine;
  const found = await rootFilesystems();
  assert.equal(found.length, 2);
  await damage(found[1]!);
  const from = await machine.shown();
  await user.print(["reboot"]);
  await node.vm.until(/slot A is started next if this one ends early/, BOOT_MS, from);
  await node.vm.until(/v0\.1\.2 does not come up: .*; v0\.1\.0 runs instead/, BOOT_MS, from);
  await node.vm.until(BOOTED, BOOT_MS, from);
  assert.equal((await node.vm.console()).slice(from).match(REFUSED)?.length, 3);
  await node.ready();
  const { slot, state, message } = await status();
  assert.deepEqual([slot, state], ["A", "rolledBack"]);
  assert.match(message!, /^v0\.1\.2 does not come up: it ended before it was up, 3 times in a row/);
}, { ...long, bringsUp: true });

bootTest("an upgrade replaces the damaged release, and the machine is as it was", async () => {
  await upgraded(machine, directory, { tag: "v0.1.3", slot: "B" });
  const { version, slot, state, other } = await status();
  assert.deepEqual([version, slot, state, other], ["v0.1.3", "B", "permanent", "v0.1.0"]);
}, { ...long, bringsUp: true });

bootTest(
  "with both releases damaged the machine stays, until it is switched off and on",
  async () => {
    const { node, user } = machine;
    // Those of the slots, and what is left of the one that was replaced.
    await damage(...await rootFilesystems());
    const from = await machine.shown();
    await user.print(["reboot"]);
    await node.vm.until(
      /no release on this disk came up, .* the machine stays here/,
      BOOT_MS,
      from,
    );
    assert.equal((await node.vm.console()).slice(from).match(REFUSED)?.length, 4);
    const stays = await machine.shown();
    await new Promise((resolve) => setTimeout(resolve, STAYS_MS));
    assert.doesNotMatch((await node.vm.console()).slice(stays), /Linux version|start \d/);
    const again = await machine.shown();
    await node.vm.monitor("system_reset");
    await node.vm.until(new RegExp(REFUSED.source), BOOT_MS, again);
  },
  long,
);
