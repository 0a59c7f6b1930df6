/**
 * Whether what several users of one register saw could have happened one after the other, each
 * operation at a moment between its call and its answer: for tests. Every value is written once, which
 * makes it cheap to tell (Gibbons and Korach, "Testing shared memories", 1997).
 */

/** An operation on the register; times are of one clock, in milliseconds. */
export interface Operation {
  readonly kind: "write" | "read";
  /** The value that was written or read; empty for a register that nobody has written to. */
  readonly value: string;
  readonly fromMs: number;
  /** When the answer came; Infinity for a write of which nobody knows whether it happened. */
  readonly toMs: number;
}

/** From the first end to the last start of the operations on one value, or the other way round. */
interface Zone {
  readonly value: string;
  readonly low: number;
  readonly high: number;
  /** The value was in the register from `low` to `high` without a break. */
  readonly forward: boolean;
}

/** What is impossible about a history, in a sentence; undefined when it is linearizable. */
export function linearizableFault(history: readonly Operation[]): string | undefined {
  const writes = new Map(
    history.filter(({ kind }) => kind === "write").map((write) => [write.value, write]),
  );
  writes.set("", { kind: "write", value: "", fromMs: -Infinity, toMs: -Infinity });
  const reads = Map.groupBy(
    history.filter(({ kind }) => kind === "read"),
    ({ value }) => value,
  );
  for (const [value, [first]] of reads) {
    const write = writes.get(value);
    if (!write) return `"${value}" was read at ${first?.toMs} and never written`;
    const early = reads.get(value)?.find(({ toMs }) => toMs < write.fromMs);
    if (early) return `"${value}" was read by ${early.toMs}, before it was written`;
  }
  const zones = [...writes.values()].flatMap((write) => {
    const operations = [write, ...reads.get(write.value) ?? []];
    // A write that may have happened and that nobody saw may happen when all is over.
    if (operations.length === 1 && write.toMs === Infinity) return [];
    return [zoneOf(write.value, operations)];
  });
  return zoneFault(zones);
}

function zoneOf(value: string, operations: readonly Operation[]): Zone {
  const firstEnd = operations.reduce((least, { toMs }) => Math.min(least, toMs), Infinity);
  const lastStart = operations.reduce((most, { fromMs }) => Math.max(most, fromMs), -Infinity);
  return firstEnd < lastStart
    ? { value, low: firstEnd, high: lastStart, forward: true }
    : { value, low: lastStart, high: firstEnd, forward: false };
}

function zoneFault(zones: readonly Zone[]): string | undefined {
  const forward = zones.filter((zone) => zone.forward).sort((a, b) => a.low - b.low);
  for (const [index, zone] of forward.entries()) {
    const next = forward[index + 1];
    if (next && next.low < zone.high) {
      return `"${zone.value}" was seen until ${zone.high}, and "${next.value}" from ${next.low}`;
    }
  }
  let at = -1;
  for (const zone of zones.filter((zone) => !zone.forward).sort((a, b) => a.low - b.low)) {
    while (forward[at + 1] && forward[at + 1]!.low < zone.low) at++;
    const around = forward[at];
    if (around && zone.high < around.high) {
      return `"${zone.value}" came and went by ${zone.high}, and "${around.value}" stood all the time`;
    }
  }
  return undefined;
}
