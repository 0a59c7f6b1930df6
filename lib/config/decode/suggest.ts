/** The one of `known` that `key` was probably meant to be. */
export function suggest(key: string, known: readonly string[]): string | undefined {
  if (key.length > 64) return undefined;
  const lower = key.toLowerCase();
  let best: string | undefined;
  let bestScore = Math.max(2, Math.floor(key.length / 3)) + 1;
  for (const candidate of known) {
    const other = candidate.toLowerCase();
    const related = Math.min(other.length, lower.length) >= 3 &&
      (other.startsWith(lower) || lower.startsWith(other) || lower.endsWith(other));
    const score = related ? 1.5 : distance(lower, other);
    if (score < bestScore && score < candidate.length) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

/** Edits (insert, delete, replace, swap neighbours) between two short words. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + same,
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
