/** A volume that is formatted or wiped comes up at the next boot, whenever the power goes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { formatNoted, openMedium, wipeNoted } from "$lib/disk/mod.ts";
import { mkfsArguments } from "../../cmd/machined/tasks/xfs.ts";
import { run } from "../../mkimage/run.ts";
import { Scratch } from "../../mkimage/testing.ts";
import { zeroDevice } from "$ffi/block_device.ts";
import { loggedMissing, whileLogged } from "./_logged_device.ts";
import { copyDisk } from "./copy_disk.ts";
import { cutsAtFlushes, cutsBetween, epochsOf } from "./cuts.ts";
import { epochsOfFormatting } from "./formatting.ts";
import { readLog } from "./log.ts";
import { bringUp } from "./next_boot.ts";
import { Replay } from "./replay.ts";
import { xfsFile } from "./volumes.ts";

const SIZE = 100 << 20;
const TIMES = 60;

const without = await loggedMissing("xfs", "mkfs.xfs");

/** Formats the volume as a node does. */
async function format(path: string, anew = false): Promise<void> {
  await using device = await openMedium(path, { writable: true, sizeBytes: SIZE });
  await formatNoted(device, "STATE", async (bytes) => {
    await run("/sbin/mkfs.xfs", mkfsArguments(path, { label: "STATE", bytes, anew }));
  });
}

/** Wipes it as a reset does. */
async function wipe(path: string): Promise<void> {
  await using device = await openMedium(path, { writable: true, sizeBytes: SIZE });
  await wipeNoted(device, (from, to) => zeroDevice(path, { from, to }));
}

/** Does `work` to a volume and cuts its power; gives the cuts after which it does not come up. */
async function faultsOf(
  prepare: (path: string) => Promise<void>,
  work: (path: string) => Promise<void>,
): Promise<{ readonly cuts: number; readonly faults: string[]; readonly formatting: number[] }> {
  await using scratch = await Scratch.make();
  const file = (name: string) => join(scratch.path, name);
  const [before, disk, copy, logFile] = [file("before"), file("disk"), file("copy"), file("log")];
  await Deno.writeFile(before, new Uint8Array());
  await Deno.truncate(before, SIZE);
  await prepare(before);
  await copyDisk(before, disk);
  await whileLogged(disk, logFile, work);
  await using log = await openMedium(logFile);
  const epochs = epochsOf(await readLog(log));
  await copyDisk(before, disk);
  await using medium = await openMedium(disk, { writable: true });
  const replay = new Replay(medium, log, epochs);
  const cuts = [...cutsAtFlushes(epochs), ...cutsBetween(epochs, TIMES, 1)]
    .toSorted((a, b) => a.epochs - b.epochs);
  const faults: string[] = [];
  for (const cut of cuts) {
    await replay.at(cut, async () => {
      await copyDisk(disk, copy);
      try {
        await bringUp(copy, "STATE");
        await xfsFile(copy, "config.yaml");
      } catch (error) {
        faults.push(`after flush ${cut.epochs} and ${cut.kept.length} writes: ${error}`);
      }
    });
  }
  return { cuts: cuts.length, faults, formatting: await epochsOfFormatting(log, epochs) };
}

const options = { ignore: without !== "" };

Deno.test(
  `a blank volume comes up, whenever its formatting is cut off${without}`,
  options,
  async () => {
    const { cuts, faults, formatting } = await faultsOf(async () => {}, format);
    assert.deepEqual(faults, []);
    assert.ok(cuts > TIMES && formatting.length > 1);
  },
);

Deno.test(
  `a volume comes up, whenever formatting it anew is cut off${without}`,
  options,
  async () => {
    const halfMade = async (path: string) => {
      await using device = await openMedium(path, { writable: true });
      const cutOff = formatNoted(device, "STATE", async (bytes) => {
        await device.write(bytes / 2, new Uint8Array(4096).fill(7));
        throw new Error("no power");
      });
      await cutOff.catch(() => {});
    };
    const { faults } = await faultsOf(halfMade, (path) => format(path, true));
    assert.deepEqual(faults, []);
  },
);

Deno.test(`a volume comes up, whenever its wiping is cut off${without}`, options, async () => {
  const { faults } = await faultsOf((path) => bringUp(path, "STATE"), wipe);
  assert.deepEqual(faults, []);
});

Deno.test(
  `without its note, a volume that is half formatted stays so${without}`,
  options,
  async () => {
    const { cuts, faults } = await faultsOf(async () => {}, async (path) => {
      await run("/sbin/mkfs.xfs", ["-q", "--unsupported", "-L", "STATE", path]);
    });
    assert.ok(faults.length > cuts / 2, `${faults.length} of ${cuts}`);
  },
);
