/** A node of a test that takes the built image under another tag, and stays on it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { renamedInstaller } from "./altered_releases.ts";
import { BOOTED, type DiskNode } from "./disk_node.ts";
import { REPOSITORY } from "./installers.ts";
import { BOOT_MS } from "./node.ts";

/**
 * Upgrades, waits until `tag` is permanent in `slot`, and gives what the console showed meanwhile; the
 * installer is made in `directory`.
 */
export async function upgraded(
  machine: DiskNode,
  directory: string,
  { tag, slot, flags = [] }: {
    readonly tag: string;
    readonly slot: "A" | "B";
    readonly flags?: readonly string[];
  },
): Promise<string> {
  const { node, user, images } = machine;
  images[tag] = await renamedInstaller(tag, join(directory, tag), machine.secureBoot);
  const from = await machine.shown();
  await user.print(["upgrade", "--image", `${REPOSITORY}:${tag}`, ...flags]);
  await node.vm.until(new RegExp(`slot ${slot} has proved itself: it is permanent`), BOOT_MS, from);
  await node.vm.until(BOOTED, BOOT_MS, from);
  const { spec } = JSON.parse(await user.print(["get", "upgradestatus", "--output", "json"]));
  assert.deepEqual([spec.version, spec.slot, spec.state], [tag, slot, "permanent"]);
  return (await node.vm.console()).slice(from);
}
