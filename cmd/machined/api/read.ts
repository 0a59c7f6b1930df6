import type { MachineApi } from "./_impl.ts";
import type { BlockingCalls } from "./files/blocking.ts";
import { openRegular } from "./files/file.ts";

/** How files are reached. */
export interface FilesDeps {
  readonly calls: BlockingCalls;
}

/** Streams the content of a regular file. */
export function readApi({ calls }: FilesDeps): MachineApi<"read"> {
  return {
    async *read({ path }, { signal }) {
      const file = await openRegular(calls, path);
      // A caller that goes away may leave this generator where it stands.
      signal.addEventListener("abort", () => file.close());
      try {
        for await (const bytes of file.chunks()) yield { bytes };
      } finally {
        file.close();
      }
    },
  };
}
