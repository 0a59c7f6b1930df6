import { KubeError } from "$lib/kube/mod.ts";
import { systemClock } from "$lib/service/mod.ts";
import type { EtcdAccess } from "./access.ts";
import { type MemberIdentity, type MemberPlan, peerUrl } from "./arguments.ts";
import type { DataDirectory } from "./data_directory.ts";
import { joinCluster } from "./join.ts";

/** Whether this machine is to found the cluster; a request of the API, or the type of the machine. */
export type Founding = "asked" | "ifAlone" | "never";

/** What a plan is made from. */
export interface PlanInput {
  readonly identity: MemberIdentity;
  readonly data: Pick<DataDirectory, "holdsMember">;
  readonly access: Pick<EtcdAccess, "others" | "at">;
  readonly founding: Founding;
  /** Whether this machine's member has had others beside it. */
  readonly hadCompany: boolean;
  readonly log: (line: string) => void;
}

/** How long one start tries to join, milliseconds; the service starts again after it. */
const JOIN_LIMIT_MS = 10 * 60_000;
const RETRY_MS = 3_000;
/** Before it founds a cluster a machine of type init looks this often for one that lives. */
const LOOKS = 3;

/** How this machine's member comes into its cluster; joins it where it has to. */
export async function planMember(input: PlanInput, signal: AbortSignal): Promise<MemberPlan> {
  const { identity, data, founding, log } = input;
  const alone = [`${identity.name}=${peerUrl(identity.address)}`];
  // What stands in the data decides; the flags only have to be well-formed.
  if (await data.holdsMember()) return { state: "existing", initialCluster: alone };
  if (founding === "asked") return { state: "new", initialCluster: alone };
  if (founding === "ifAlone" && await isAlone(input, signal)) {
    log("no other etcd is known at the control plane's endpoint: founding a cluster");
    return { state: "new", initialCluster: alone };
  }
  return await joinUntilDone(input, signal);
}

async function isAlone(
  { access, hadCompany }: PlanInput,
  signal: AbortSignal,
): Promise<boolean> {
  // Silence may be theirs, or the network's: a second cluster beside theirs would be worse.
  if (hadCompany) return false;
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await systemClock.sleep(RETRY_MS, signal);
    signal.throwIfAborted();
    if (await seesControlPlane(access, signal)) return false;
  }
  return true;
}

/** Whether there is another control plane; one that answers with an error is one, too. */
async function seesControlPlane(
  access: PlanInput["access"],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await access.others(signal)).length > 0;
  } catch (error) {
    return error instanceof KubeError;
  }
}

async function joinUntilDone(
  { identity, access, log }: PlanInput,
  signal: AbortSignal,
): Promise<MemberPlan> {
  const endMs = performance.now() + JOIN_LIMIT_MS;
  let told = "";
  while (true) {
    try {
      const others = await access.others(signal);
      if (others.length === 0) throw new Error("the control plane has no other member");
      using etcd = await access.at(others);
      return await joinCluster(etcd, access, identity, signal);
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      if (performance.now() > endMs) {
        throw new Error(
          `Cannot join etcd: ${reason}; a new cluster waits for "talosctl bootstrap"`,
          {
            cause: error,
          },
        );
      }
      if (reason !== told) log(`cannot join etcd yet: ${reason}`);
      told = reason;
    }
    await systemClock.sleep(RETRY_MS * (1 + Math.random()), signal);
    signal.throwIfAborted();
  }
}
