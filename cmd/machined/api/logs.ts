import type { LogStore } from "$lib/service/mod.ts";
import type { MachineApi } from "./_impl.ts";

/** Where logs come from. */
export interface LogsDeps {
  readonly logs: LogStore;
  /** Whether a service of that id is defined, even if it has not logged yet. */
  readonly isService: (id: string) => boolean;
}

/** The namespace whose logs are those of the node's own services. */
const SYSTEM_NAMESPACE = "system";
const CHUNK_BYTES = 32 * 1024;

/**
 * Streams a service's log. What cannot be had is told in the metadata of a message: the stream itself
 * opens, as clients of many nodes expect.
 */
export function logsApi({ logs, isService }: LogsDeps): MachineApi<"logs"> {
  return {
    async *logs({ namespace, id, follow, tailLines }, { signal }) {
      if (namespace !== SYSTEM_NAMESPACE && id !== "kubelet") {
        return yield { metadata: { error: `container "${id}" not found` } };
      }
      if (!isService(id) && !logs.has(id)) {
        return yield { metadata: { error: `log "${id}" was not registered` } };
      }
      if (follow) {
        for await (const bytes of logs.follow(id, signal, tailLines)) yield { bytes };
        return;
      }
      const bytes = logs.tail(id, tailLines);
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        yield { bytes: bytes.subarray(at, at + CHUNK_BYTES) };
      }
    },
  };
}
