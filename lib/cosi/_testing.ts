import v8 from "node:v8";
import vm from "node:vm";

v8.setFlagsFromString("--expose-gc");
const collect: () => void = vm.runInNewContext("gc");

/** Bytes of live objects, after a full garbage collection. */
export async function liveBytes(): Promise<number> {
  // Promises that settled a moment ago are garbage only in a later turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  collect();
  return v8.getHeapStatistics().used_heap_size;
}
