/** The part of a recording in which volumes are formatted. */
import type { Medium } from "$lib/disk/mod.ts";
import type { Epoch } from "./cuts.ts";

/** How the note on a volume starts that it is being formatted. */
const NOTE = "NODENOTE format ";

/** Which epochs lie between the first write of a formatting and its last, both among them. */
export async function epochsOfFormatting(
  log: Pick<Medium, "read">,
  epochs: readonly Epoch[],
): Promise<number[]> {
  const found: number[] = [];
  const noted = new Set<number>();
  for (const [i, { writes }] of epochs.entries()) {
    let under = noted.size > 0;
    for (const { kind, offset, dataAt } of writes) {
      if (kind !== "write") continue;
      const start = new TextDecoder("latin1").decode(await log.read(dataAt, NOTE.length));
      if (start === NOTE) noted.add(offset);
      else noted.delete(offset);
      under ||= noted.size > 0;
    }
    if (under) found.push(i);
  }
  return found;
}
