import { Code, ConnectError } from "@connectrpc/connect";
import type { EtcdAccess } from "../etcd/access.ts";
import type { SnapshotFile } from "../etcd/snapshot_file.ts";
import { type BootstrapDeps, bootstrapSequence } from "../sequences/bootstrap.ts";
import type { Sequencer } from "../sequences/engine.ts";
import type { MachineApi } from "./_impl.ts";

/** What a bootstrap is checked against and done with. */
export interface BootstrapApiDeps extends Omit<BootstrapDeps, "restore"> {
  readonly isControlPlane: () => boolean;
  /** Whether the boot has come as far as to have etcd among the services. */
  readonly hasEtcd: () => boolean;
  readonly access: Pick<EtcdAccess, "others">;
  readonly snapshotFile: Pick<SnapshotFile, "exists">;
  readonly restoreFrom: (options: { skipHashCheck: boolean; signal: AbortSignal }) => Promise<void>;
  readonly sequencer: Pick<Sequencer, "run">;
  readonly log: (line: string) => void;
}

/** How long a living cluster may take to show itself, milliseconds. */
const LOOK_MS = 5_000;

/** Founds the cluster on this node, once. The answer comes at once, the work goes on after it. */
export function bootstrapApi(deps: BootstrapApiDeps): MachineApi<"bootstrap"> {
  let running = false;
  return {
    async bootstrap({ recoverEtcd, recoverSkipHashCheck }, { signal }) {
      if (running) throw refusal("it is under way", Code.AlreadyExists);
      running = true;
      let started = false;
      try {
        await check(deps, { recoverEtcd, signal });
        const restore = recoverEtcd
          ? (signal: AbortSignal) =>
            deps.restoreFrom({ skipHashCheck: recoverSkipHashCheck, signal })
          : undefined;
        const sequence = bootstrapSequence({ ...deps, ...(restore ? { restore } : {}) });
        started = true;
        deps.sequencer.run(sequence, { unlocked: true })
          .catch((error) => deps.log(`bootstrap failed: ${error.message}`))
          .finally(() => running = false);
      } finally {
        if (!started) running = false;
      }
      return { messages: [{}] };
    },
  };
}

async function check(
  { isControlPlane, hasEtcd, data, access, snapshotFile }: BootstrapApiDeps,
  { recoverEtcd, signal }: { recoverEtcd: boolean; signal: AbortSignal },
): Promise<void> {
  if (!isControlPlane()) {
    throw new ConnectError(
      "bootstrap can only be performed on a control plane node",
      Code.FailedPrecondition,
    );
  }
  if (!hasEtcd()) throw refusal("the node is still booting, try again", Code.FailedPrecondition);
  if (await data.holdsMember()) {
    throw refusal(
      "the data directory of etcd holds a started member, the cluster is bootstrapped already",
      Code.AlreadyExists,
    );
  }
  const look = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
  const [living] = await access.others(look).catch(() => []);
  if (living !== undefined) {
    throw refusal(`the cluster lives already, with etcd at ${living}`, Code.AlreadyExists);
  }
  if (recoverEtcd && !await snapshotFile.exists()) {
    throw refusal("there is no snapshot, send one first", Code.FailedPrecondition);
  }
}

function refusal(why: string, code: Code): ConnectError {
  return new ConnectError(`Cannot bootstrap: ${why}`, code);
}
