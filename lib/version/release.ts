/** A release by its parts; `pre` are the identifiers after the dash. */
export interface Release {
  readonly numbers: readonly [number, number, number];
  readonly pre: readonly string[];
}

const RELEASE = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

/** The release that a tag such as `v0.1.0` or `v0.2.0-beta.1` names; undefined when it names none. */
export function parseRelease(tag: string): Release | undefined {
  const match = RELEASE.exec(tag);
  if (!match) return undefined;
  const [, major, minor, patch, pre] = match;
  return {
    numbers: [Number(major), Number(minor), Number(patch)],
    pre: pre === undefined ? [] : pre.split("."),
  };
}

/** Which of two releases is older, as semantic versioning orders them: below zero when it is `a`. */
export function compareReleases(a: Release, b: Release): number {
  for (const [at, number] of a.numbers.entries()) {
    const difference = number - (b.numbers[at] ?? 0);
    if (difference !== 0) return difference;
  }
  // A release comes after what led to it.
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (let at = 0; at < Math.max(a.pre.length, b.pre.length); at++) {
    const difference = compareIdentifiers(a.pre[at], b.pre[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareIdentifiers(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  const numbers = [a, b].map((text) => /^\d+$/.test(text));
  if (numbers[0] && numbers[1]) return Number(a) - Number(b);
  if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
