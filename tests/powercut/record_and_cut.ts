/** A whole run: a recording, its cuts, and some of them booted. */
import { messageOf } from "$lib/service/mod.ts";
import { bootCopy } from "./boot.ts";
import { recordingIn, recordLife } from "./record.ts";
import { cutPower } from "./run.ts";

/** What a run is to do. */
export interface RunOptions {
  /** How often the power goes between two flushes, and again while a volume is formatted. */
  readonly times: number;
  readonly seed: number;
  /** How many of these are booted, evenly over the recording. */
  readonly boots: number;
  /** Where the recording is kept, or was by a former run; nowhere when absent. */
  readonly recording?: string;
  readonly say: (line: string) => void;
}

/** Cuts the power of a recorded node; gives the number of faults, each of which was said. */
export async function recordAndCut(options: RunOptions): Promise<number> {
  const { times, seed, boots, say } = options;
  const work = await Deno.makeTempDir({ prefix: "powercut-" });
  const directory = options.recording ?? `${work}/recording`;
  try {
    await Deno.mkdir(directory, { recursive: true });
    let recording = recordingIn(directory);
    if (!await Deno.stat(recording.log).catch(() => undefined)) {
      say("recording the first boot of a disk, and an upgrade");
      recording = await recordLife(directory);
    }
    const { writes, flushes, between, faults } = await cutPower(recording, {
      ...{ times, seed, work, say },
      visit: async (disk, { index, of }) =>
        Math.ceil(index * boots / of) < Math.ceil((index + 1) * boots / of)
          ? await bootFaults(disk)
          : [],
    });
    say(
      `${writes} writes, ${flushes} flushes; ${between} cuts between them, ` +
        `${Math.min(boots, between)} booted; ${faults} faults`,
    );
    return faults;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function bootFaults(disk: string): Promise<string[]> {
  try {
    await bootCopy(disk);
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}
