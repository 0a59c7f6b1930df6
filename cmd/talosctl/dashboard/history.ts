import { type BusyProcess, busyProcesses, type Rates, ratesOf, type Sample } from "./sample.ts";

/** Points that graphs can look back on. */
const POINTS = 240;

/** What is known of one node: its last sample, what it does now and what it did before. */
export interface NodeHistory {
  readonly last: Sample | undefined;
  /** Why the node did not answer the last time. */
  readonly fault: string | undefined;
  /** The oldest first. */
  readonly rates: readonly Rates[];
  readonly processes: readonly BusyProcess[];
}

/** Nothing known yet. */
export const NO_HISTORY: NodeHistory = {
  last: undefined,
  fault: undefined,
  rates: [],
  processes: [],
};

/** The history with one more sample, or with the reason why there is none. */
export function withSample(history: NodeHistory, sample: Sample | string): NodeHistory {
  if (typeof sample === "string") return { ...history, fault: sample };
  const { last } = history;
  const rates = last ? [...history.rates, ratesOf(last, sample)].slice(-POINTS) : history.rates;
  return { last: sample, fault: undefined, rates, processes: busyProcesses(last, sample) };
}
