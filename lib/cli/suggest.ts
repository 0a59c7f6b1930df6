/** Edits (insert, delete, replace) that turn `a` into `b`, letters in any case. */
export function editDistance(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replace = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

/** The names close to what was typed: two edits away at most, or beginning with it. */
export function suggestions(typed: string, names: readonly string[]): string[] {
  const near = names.filter((name) =>
    (typed !== "" && name.startsWith(typed)) || editDistance(typed, name) <= 2
  );
  return near.sort((a, b) => editDistance(typed, a) - editDistance(typed, b) || (a < b ? -1 : 1));
}

/** The lines that end an error about an unknown name; empty when nothing is close. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const near = suggestions(typed, names);
  return near.length === 0
    ? ""
    : `\n\nDid you mean this?\n${near.map((n) => `\t${n}`).join("\n")}\n`;
}
