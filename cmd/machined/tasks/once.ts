import type { Task } from "../sequences/engine.ts";

/** A task whose work is done once, for whoever asks first: main may be ahead of the sequence. */
export function once({ name, run }: Task): Task {
  let work: Promise<void> | undefined;
  return { name, run: (signal) => work ??= Promise.resolve(run(signal)) };
}
