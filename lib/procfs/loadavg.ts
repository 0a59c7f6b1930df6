import { decimal, words } from "./_fields.ts";

/** The mean number of runnable tasks over 1, 5 and 15 minutes. */
export interface LoadAverage {
  readonly load1: number;
  readonly load5: number;
  readonly load15: number;
}

/** `/proc/loadavg`. */
export function parseLoadavg(text: string): LoadAverage {
  const [one, five, fifteen] = words(text);
  return { load1: decimal(one), load5: decimal(five), load15: decimal(fifteen) };
}
