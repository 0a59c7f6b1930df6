const UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB"] as const;

/** A size in decimal units with two or three digits: `82 B`, `1.5 kB`, `83 MB`. */
export function humanBytes(bytes: number | bigint): string {
  const size = Number(bytes);
  if (size < 10) return `${size} B`;
  const power = Math.min(Math.floor(Math.log10(size) / 3 + 1e-12), UNITS.length - 1);
  const value = Math.floor(size / 1_000 ** power * 10 + 0.5) / 10;
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[power]}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const MONTH = 30 * DAY;
const YEAR = 12 * MONTH;

/** Upper bound in seconds, the word for one, and the seconds in it. */
const STEPS: readonly (readonly [below: number, unit: string, seconds: number])[] = [
  [MINUTE, "second", 1],
  [HOUR, "minute", MINUTE],
  [DAY, "hour", HOUR],
  [WEEK, "day", DAY],
  [MONTH, "week", WEEK],
  [YEAR, "month", MONTH],
  [Infinity, "year", YEAR],
];

/** How long ago (or from now) a moment is, in its largest unit: `3 weeks ago`. */
export function humanTime(thenMs: number, nowMs: number): string {
  const seconds = Math.floor(Math.abs(nowMs - thenMs) / 1_000);
  if (seconds === 0) return "now";
  const [, unit, size] = STEPS.find(([below]) => seconds < below) as typeof STEPS[number];
  const count = Math.floor(seconds / size);
  const plural = count === 1 ? unit : `${unit}s`;
  return `${count} ${plural} ${thenMs <= nowMs ? "ago" : "from now"}`;
}
