import { get, until } from "$lib/cosi/mod.ts";
import { type ContainerImage, type ContainerSpec, ensureImage } from "$lib/containerd/mod.ts";
import { IMAGES } from "$lib/config/mod.ts";
import { checkHealth, listMembers, memberStatus } from "$lib/etcd/mod.ts";
import {
  ETCD_SECRETS,
  EtcdSecrets,
  K8S_CERTS,
  KubernetesSecrets,
  ROOT_ETCD,
  type RootEtcdSpec,
  RootSecrets,
} from "$lib/resources/mod.ts";
import type { Service } from "$lib/service/mod.ts";
import { runContainer } from "../containers/host.ts";
import { keepFiles } from "../controllers/k8s/files.ts";
import type { EtcdAccess } from "../etcd/access.ts";
import {
  etcdArguments,
  type MemberIdentity,
  memberIdentity,
  type MemberPlan,
} from "../etcd/arguments.ts";
import { promote } from "../etcd/join.ts";
import { checkOrigin } from "../etcd/origin.ts";
import { ETCD_PKI_DIR, ETCD_UID } from "../etcd/places.ts";
import { type Founding, planMember } from "../etcd/plan.ts";
import type { HostNames } from "../identity/names.ts";
import type { Machine } from "../machine.ts";

/** What the service is made from. */
export interface EtcdServiceDeps {
  readonly machine: Pick<Machine, "config" | "runtime" | "logs" | "containers" | "etcd">;
  readonly host: () => HostNames;
}

/** The store of the cluster's state. Founds a cluster, joins one, or goes on where it was. */
export function etcdService(deps: EtcdServiceDeps): Service {
  const { machine } = deps;
  const { access, company, data } = machine.etcd;
  const { containerd, images } = machine.containers;
  const log = machine.logs.writer("etcd");
  let start: { identity: MemberIdentity; plan: MemberPlan; ca: string } | undefined;
  return {
    id: "etcd",
    dependsOn: ["cri", "networkd", "timed"],
    async prepare(signal) {
      const ca = await writeSecrets(deps, signal);
      await data.make();
      await checkOrigin(data, ca);
      const identity = memberIdentity(deps.host());
      const founding = foundingOf(deps);
      // A cluster takes one machine at a time: it would keep the others out while it pulls.
      await ensureImage(containerd, etcdImage(machine), images, signal);
      const hadCompany = await company.isKnown(ca);
      const input = { identity, data, access, founding, hadCompany, log };
      start = { identity, plan: await planMember(input, signal), ca };
    },
    run: runContainer(machine.containers, machine.logs, {
      id: "etcd",
      image: () => etcdImage(machine),
      spec() {
        if (!start) throw new Error("Cannot start etcd: it was not prepared");
        const extra = etcdConfig(machine)?.extraArgs ?? {};
        return containerSpec(etcdArguments(start.identity, start.plan, extra), data.path);
      },
    }),
    health: {
      initialDelayMs: 1_000,
      startPeriodMs: 1_000,
      periodMs: 20_000,
      timeoutMs: 15_000,
      async check(signal) {
        const members = await checkMember(access, signal);
        // A volume that is full is no fault of etcd's.
        if (start) await company.note(start.ca, members > 1).catch(() => {});
      },
    },
  };
}

/**
 * Healthy when a majority answers through this member; a learner is given its vote first. Gives how many
 * members there are.
 */
export async function checkMember(
  access: Pick<EtcdAccess, "local" | "at" | "others">,
  signal: AbortSignal,
): Promise<number> {
  using etcd = await access.local();
  const { learner, memberId } = await memberStatus(etcd, { signal });
  if (learner) {
    using others = await access.at(await access.others(signal));
    await promote(others, memberId, signal);
  }
  await checkHealth(etcd, { signal });
  return (await listMembers(etcd, { signal })).length;
}

/** Waits for the certificates of a control plane and writes those that etcd reads; gives its CA's. */
async function writeSecrets({ machine }: EtcdServiceDeps, signal: AbortSignal): Promise<string> {
  const { state } = machine.runtime;
  await until(state, EtcdSecrets, ETCD_SECRETS, signal);
  await until(state, KubernetesSecrets, K8S_CERTS, signal);
  const { etcdPeer } = await get(state, EtcdSecrets, ETCD_SECRETS);
  const { etcdCA } = await get(state, RootSecrets, ROOT_ETCD) as RootEtcdSpec;
  const place = { directory: ETCD_PKI_DIR, fileMode: 0o500, uid: ETCD_UID, owns: () => true };
  const { crt, key } = etcdPeer;
  await keepFiles(place, { "ca.crt": etcdCA.crt, "peer.crt": crt, "peer.key": key });
  return etcdCA.crt;
}

/** The image that the configuration asks for. */
export function etcdImage(machine: Pick<Machine, "config">): ContainerImage {
  return { reference: etcdConfig(machine)?.image ?? IMAGES.etcd };
}

function foundingOf({ machine }: EtcdServiceDeps): Founding {
  if (machine.etcd.bootstrap.asked) return "asked";
  return machine.config.running.value?.config.machine.type === "init" ? "ifAlone" : "never";
}

function etcdConfig({ config }: Pick<Machine, "config">) {
  return config.running.value?.config.cluster.etcd;
}

function containerSpec(args: readonly string[], data: string): ContainerSpec {
  return {
    args,
    user: { uid: ETCD_UID, gid: ETCD_UID },
    mounts: [
      { destination: ETCD_PKI_DIR, source: ETCD_PKI_DIR, options: ["rbind", "ro"] },
      { destination: data, source: data, options: ["rbind", "rw"] },
    ],
    cgroup: "/podruntime/etcd",
    // Without its store a control plane is nothing: others go first when memory is short.
    oomScoreAdj: -997,
  };
}
