import { ConnectError } from "@connectrpc/connect";
import type { LogStore } from "$lib/service/mod.ts";
import { readLogFile } from "../containers/log_file.ts";
import type { MachineApi } from "./_impl.ts";
import { type ContainersDeps, findContainer } from "./containers.ts";

/** Where logs come from. */
export interface LogsDeps extends Pick<ContainersDeps, "inventory"> {
  readonly logs: LogStore;
  /** Whether a service of that id is defined, even if it has not logged yet. */
  readonly isService: (id: string) => boolean;
}

/** The namespace whose logs are those of the node's own services. */
const SYSTEM_NAMESPACE = "system";
const CHUNK_BYTES = 32 * 1024;

/**
 * Streams the log of a service, or of a pod's container as its runtime keeps it. What cannot be had is told in the metadata of a message: the stream itself
 * opens, as clients of many nodes expect.
 */
export function logsApi({ logs, isService, inventory }: LogsDeps): MachineApi<"logs"> {
  return {
    async *logs({ namespace, driver, id, follow, tailLines }, { signal }) {
      if (namespace !== SYSTEM_NAMESPACE && id !== "kubelet") {
        const path = await logPath({ inventory }, { namespace, driver }, id);
        if ("error" in path) return yield { metadata: path };
        const range = { lines: tailLines, follow };
        for await (const bytes of readLogFile(path.path, range, signal)) yield { bytes };
        return;
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

async function logPath(
  deps: Pick<ContainersDeps, "inventory">,
  scope: Parameters<typeof findContainer>[1],
  id: string,
): Promise<{ path: string } | { error: string }> {
  try {
    const entry = await findContainer(deps, scope, id);
    if (!entry.logPath) return { error: `container "${id}" keeps no log` };
    return { path: await entry.logPath() };
  } catch (error) {
    return { error: ConnectError.from(error).rawMessage };
  }
}
