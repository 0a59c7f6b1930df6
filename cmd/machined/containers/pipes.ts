/** The pipes that containers write their output to. */
import type { OutputPipes } from "$lib/containerd/mod.ts";
import { makeFifo } from "$ffi/fifo.ts";
import type { FdPoller } from "$ffi/poller.ts";

/** Makes pipes in `directory`, one a container. */
export function outputPipes(directory: string, poller: FdPoller): OutputPipes {
  return {
    async open(id) {
      const path = `${directory}/${id}`;
      await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
      await Deno.remove(path).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
      return makeFifo(path, poller);
    },
  };
}
