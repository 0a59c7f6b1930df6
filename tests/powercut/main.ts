/**
 * Cuts the power of a node's disk: what a node writes is recorded once, then the disk is looked at as
 * it is after every flush, and with parts of what was not flushed yet missing: so many times anywhere,
 * and as many times while a volume is formatted.
 *
 *     deno task powercut [-- --times N --seed N --boot N --recording DIR]
 *
 * With `--recording` the recording is kept there, and taken from there the next time. It takes root: the
 * STATE volume is mounted to be read.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { recordAndCut } from "./record_and_cut.ts";

const { values } = parseArgs({
  args: Deno.args.filter((argument) => argument !== "--"),
  options: {
    times: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    boot: { type: "string", default: "5" },
    recording: { type: "string" },
  },
});
const faults = await recordAndCut({
  ...{ times: number("times"), seed: number("seed"), boots: number("boot"), say },
  ...values.recording === undefined ? {} : { recording: values.recording },
});
if (faults > 0) Deno.exitCode = 1;

function number(name: "times" | "seed" | "boot"): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`Cannot use --${name} "${values[name]}": it is a whole number`);
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
