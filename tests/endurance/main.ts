/**
 * Reboots a node in QEMU many times and looks at each boot.
 *
 *     deno task endurance [-- --reboots N]
 *
 * @module
 */
import { parseArgs } from "node:util";
import { rebootAgainAndAgain } from "./reboots.ts";

const { values } = parseArgs({
  args: Deno.args.filter((argument) => argument !== "--"),
  options: { reboots: { type: "string", default: "10" } },
});
const reboots = Number(values.reboots);
if (!Number.isSafeInteger(reboots) || reboots < 1) {
  throw new RangeError(`Cannot use --reboots "${values.reboots}": it is a number from 1 on`);
}
const { seconds, faults } = await rebootAgainAndAgain({ reboots, say });
const sorted = seconds.toSorted((a, b) => a - b);
const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]?.toFixed(1);
say(
  `${seconds.length} reboots, ${faults.length} faults; ` +
    `median ${at(0.5)} s, fastest ${at(0)} s, slowest ${at(1)} s`,
);
if (faults.length > 0) Deno.exitCode = 1;

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
