/**
 * A disk that lost its power at any write boots: from its first boot, when its volumes are formatted, to
 * the end of an upgrade. `deno task powercut` looks at more of these states.
 */
import assert from "node:assert/strict";
import { isOnPath } from "../../mkimage/tools.ts";
import { recordAndCut } from "../powercut/record_and_cut.ts";
import { bootTest } from "./boot_test_case.ts";
import { diskMissing } from "./disk_image.ts";

const BOOTS = 5;

bootTest("a disk is sound at each flush and boots, wherever the power was cut", async () => {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const faults = await recordAndCut({ times: BOOTS, seed: 1, boots: BOOTS, say });
  assert.equal(faults, 0, lines.join("\n"));
  assert.match(lines.at(-1)!, new RegExp(`, ${BOOTS} booted; 0 faults$`));
}, { unless: await diskMissing() ?? await readingMissing(), tier: "long" });

/** Why this host cannot look into the volumes of a disk, or nothing when it can. */
async function readingMissing(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "mounting XFS takes root";
  const known = await Deno.readTextFile("/proc/filesystems");
  if (!known.split(/\s/).includes("xfs")) return "this kernel has no xfs";
  return await isOnPath("fsck.vfat") ? undefined : "fsck.vfat is not installed";
}
