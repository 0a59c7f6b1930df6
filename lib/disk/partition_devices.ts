import type { Gpt } from "./gpt.ts";
import { partitionDevice } from "./layout.ts";

/** How long a partition's device may take to appear, milliseconds. */
const DEVICE_MS = 10_000;
const POLL_MS = 50;

/** Waits until all partitions of a disk have devices. @throws {Error} naming one that does not appear */
export async function partitionDevices(
  disk: string,
  { partitions }: Pick<Gpt, "partitions">,
): Promise<void> {
  const deadline = performance.now() + DEVICE_MS;
  for (const { number } of partitions) {
    const path = partitionDevice(disk, number);
    while (!await Deno.stat(path).then(() => true, () => false)) {
      if (performance.now() > deadline) {
        throw new Error(`Cannot use ${path}: the kernel shows no such partition`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
