/** Reads large configurations on a thread of their own, so that the main loop goes on meanwhile. */
import { Worker } from "node:worker_threads";
import type { Reading, ReadOrder } from "./reading.ts";

/** The name by which the program knows that it is started for this. */
export const CONFIG_WORKER = "config";

/** What one reading may take. */
export interface ReadLimits {
  readonly heapMib: number;
  readonly limitMs: number;
}

/** 4 MiB of the worst that YAML can do take some 400 MiB and a second where nothing is emulated. */
const LIMITS: ReadLimits = { heapMib: 256, limitMs: 45_000 };

/**
 * Reads in a worker of the program at `workerUrl`. What takes too much time or memory is refused like
 * any other fault of the text.
 */
export function readApart(
  order: ReadOrder,
  workerUrl: string,
  { heapMib, limitMs }: ReadLimits = LIMITS,
): Promise<Reading> {
  const worker = new Worker(new URL(workerUrl), {
    name: CONFIG_WORKER,
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: heapMib },
  });
  const refused = (why: string): Reading => ({
    text: "",
    errors: [{ path: [], message: `Cannot read config: ${why}` }],
    warnings: [],
  });
  return new Promise<Reading>((resolve, reject) => {
    const late = () => resolve(refused(`it takes more than ${limitMs / 1000} s`));
    const timer = setTimeout(late, limitMs);
    worker.once("message", (reading: Reading) => resolve(reading));
    worker.once("error", (error: Error & { code?: string }) => {
      if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") return reject(error);
      resolve(refused(`it takes more than ${heapMib} MiB of memory`));
    });
    worker.once("exit", () => {
      clearTimeout(timer);
      reject(new Error("Cannot read config: its thread ended without a result"));
    });
  }).finally(() => worker.terminate());
}
