/**
 * What it costs to put a release on a disk: seconds from the request to the first answer of the API from
 * there, and bytes that the machine wrote meanwhile. A machine with a CD is installed, rebooted, and
 * upgraded to the same image under another tag; the baseline is its bare reboot.
 *
 * ```sh
 * deno run -A tests/bench/disk.ts
 * ```
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { renamedInstaller } from "../boot/altered_releases.ts";
import { startCdNode } from "../boot/cd_node.ts";
import { BOOTED } from "../boot/disk_node.ts";
import { REPOSITORY } from "../boot/installers.ts";
import { BOOT_MS, type Node, textOf, until } from "../boot/node.ts";
import { print } from "./_process.ts";

const NEXT_TAG = "v0.1.2";
const CALL = { timeoutMs: 10_000 };

interface Cost {
  readonly seconds: number;
  readonly writtenBytes: number;
}

/** Bytes written to all disks since QEMU started. */
async function writtenBytes({ vm }: Node): Promise<number> {
  const stats = await vm.monitor("query-blockstats") as { stats: { wr_bytes: number } }[];
  return stats.reduce((sum, { stats }) => sum + stats.wr_bytes, 0);
}

/** Asks for something that ends in another boot, from `slot`, and waits until that answers. */
async function cost(node: Node, slot: "A" | "B", ask: () => Promise<unknown>): Promise<Cost> {
  const bootId = () => textOf(node.machine.read({ path: "/proc/sys/kernel/random/boot_id" }, CALL));
  const before = await bootId().catch(() => "");
  const written = await writtenBytes(node);
  const from = (await node.vm.console()).length;
  const began = performance.now();
  await ask();
  await until(
    async () => {
      assert.notEqual(await bootId(), before);
    },
    BOOT_MS,
    node.vm,
  );
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  // Until then it takes no other order.
  await node.vm.until(BOOTED, BOOT_MS, from);
  await node.vm.until(new RegExp(`started from slot ${slot} of`), BOOT_MS, from);
  return { seconds, writtenBytes: await writtenBytes(node) - written };
}

const directory = await Deno.makeTempDir({ prefix: "bench-disk-" });
try {
  await using machine = await startCdNode(directory);
  const { node, user, tag, images } = machine;
  images[NEXT_TAG] = await renamedInstaller(NEXT_TAG, join(directory, "next"));
  const installed = await cost(node, "A", async () => {
    await machine.configure();
    // The machine answers before that, too.
    const { index } = await node.vm.until(/reboot requested by installation/, BOOT_MS);
    await node.vm.until(BOOTED, BOOT_MS, index);
  });
  print({ case: "installed", ...installed, installerBytes: images[tag]!.sizeBytes });
  const rebooted = await cost(node, "A", () => user.print(["reboot"]));
  const upgraded = await cost(
    node,
    "B",
    () => user.print(["upgrade", "--wait=false", "--image", `${REPOSITORY}:${NEXT_TAG}`]),
  );
  print({
    ...{ case: "upgraded", ...upgraded },
    baseline: { name: "a bare reboot", ...rebooted },
    ratio: Math.round(upgraded.seconds / rebooted.seconds * 100) / 100,
    goalRatio: 3,
  });
} finally {
  await Deno.remove(directory, { recursive: true });
}
