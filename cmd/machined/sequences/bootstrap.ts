/** From a control plane that waits to the first member of a cluster. */
import type { ServiceManager } from "$lib/service/mod.ts";
import type { DataDirectory } from "../etcd/data_directory.ts";
import type { Sequence, Task } from "./engine.ts";

/** How long etcd may take to be healthy, milliseconds. */
const UP_MS = 10 * 60_000;

/** What founding a cluster needs. */
export interface BootstrapDeps {
  readonly services: Pick<ServiceManager, "stop" | "start" | "waitUp">;
  readonly data: Pick<DataDirectory, "holdsMember" | "wipe">;
  /** What the service of etcd is told. */
  readonly bootstrap: { asked: boolean };
  /** Makes the data of the first member from a snapshot, where the cluster is recovered. */
  readonly restore?: (signal: AbortSignal) => Promise<void>;
}

/** The sequence that founds a cluster. */
export function bootstrapSequence(deps: BootstrapDeps): Sequence {
  return { name: "bootstrap", phases: [{ name: "etcd", tasks: [bootstrapEtcd(deps)] }] };
}

function bootstrapEtcd({ services, data, bootstrap, restore }: BootstrapDeps): Task {
  return {
    name: "bootstrapEtcd",
    async run(signal) {
      await services.stop("etcd");
      // Asked again where it counts: nothing that a member has written is ever removed here.
      if (await data.holdsMember()) {
        services.start("etcd");
        throw new Error("Cannot bootstrap etcd: its data directory holds a started member");
      }
      await data.wipe();
      try {
        await restore?.(signal);
        bootstrap.asked = true;
      } finally {
        services.start("etcd");
      }
      await services.waitUp(["etcd"], { timeoutMs: UP_MS, signal });
    },
  };
}
