/**
 * Cuts the power of a node's disk: what a node writes is recorded once, then the disk is looked at as
 * it is after every flush, and with parts of what was not flushed yet missing.
 *
 *     deno task powercut [-- --times N --seed N --boot N --recording DIR]
 *
 * With `--recording` the recording is kept there, and taken from there the next time. It takes root: the
 * STATE volume is mounted to be read.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { bootCopy } from "./boot.ts";
import { recordFirstBoot, recordingIn } from "./record.ts";
import { cutPower } from "./run.ts";

const { values } = parseArgs({
  args: Deno.args.filter((argument) => argument !== "--"),
  options: {
    times: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    boot: { type: "string", default: "5" },
    recording: { type: "string" },
  },
});
const [times, seed, boots] = [number("times"), number("seed"), number("boot")];
const work = await Deno.makeTempDir({ prefix: "powercut-" });
const directory = values.recording ?? `${work}/recording`;
try {
  await Deno.mkdir(directory, { recursive: true });
  let recording = recordingIn(directory);
  if (!await Deno.stat(recording.log).catch(() => undefined)) {
    say("recording the first boot of a disk");
    recording = await recordFirstBoot(directory);
  }
  const chosen = new Set(Array.from({ length: boots }, (_, i) => Math.floor(i * times / boots)));
  let booted = 0;
  const result = await cutPower(recording, {
    ...{ times, seed, work, say },
    async visit(disk, _cut, index) {
      if (!chosen.has(index)) return;
      await bootCopy(disk);
      booted++;
    },
  });
  const { writes, flushes, between, faults } = result;
  say(
    `${writes} writes, ${flushes} flushes; ${between} cuts between them, ${booted} booted; ` +
      `${faults} faults`,
  );
  if (faults > 0) Deno.exitCode = 1;
} finally {
  await Deno.remove(work, { recursive: true });
}

function number(name: "times" | "seed" | "boot"): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`Cannot use --${name} "${values[name]}": it is a whole number`);
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
