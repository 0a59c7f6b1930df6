import { type Line, span, type Style } from "./text.ts";

const BLOCKS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** What is drawn of a row of values. */
export interface GraphOptions {
  readonly width: number;
  readonly height: number;
  /** The value at the top; the largest one shown when absent. */
  readonly max?: number;
  readonly style?: Style;
}

/** A bar chart of the latest values, the newest at the right, an eighth of a line a step. */
export function graph(
  values: readonly number[],
  { width, height, max, style = "good" }: GraphOptions,
): Line[] {
  const shown = values.slice(-width);
  const top = max ?? Math.max(...shown, 0);
  const eighths = shown.map((value) =>
    top <= 0 ? 0 : Math.round(Math.min(1, Math.max(0, value / top)) * height * 8)
  );
  return Array.from({ length: height }, (_, row) => {
    const below = (height - 1 - row) * 8;
    const blocks = eighths.map((count) => BLOCKS[Math.min(8, Math.max(0, count - below))]);
    return [span(blocks.join("").padStart(width), style)];
  });
}

/** A bar in brackets that is filled by `share`, 0 to 1; its colour says how full. */
export function gauge(share: number, width: number): Line {
  const inside = Math.max(0, width - 2);
  const filled = Math.round(Math.min(1, Math.max(0, share)) * inside);
  const style: Style = share >= 0.9 ? "bad" : share >= 0.7 ? "warn" : "good";
  return [
    span("["),
    span("|".repeat(filled), style),
    span(" ".repeat(inside - filled)),
    span("]"),
  ];
}
