/**
 * The methods of the machine service that only a control plane answers, put together from a machine.
 *
 * @module
 */
import type { ServiceImpl } from "@connectrpc/connect";
import { isControlPlane } from "$lib/config/mod.ts";
import { runToEnd } from "$lib/containerd/mod.ts";
import { SOCKETS } from "$lib/paths/mod.ts";
import { unixTransport } from "$lib/rpc/mod.ts";
import { systemClock } from "$lib/service/mod.ts";
import type { MachineService } from "$proto/machine/machine_pb.ts";
import { memberIdentity } from "../etcd/arguments.ts";
import { restoreContainer } from "../etcd/restore.ts";
import type { HostNames } from "../identity/names.ts";
import type { Machine } from "../machine.ts";
import { etcdImage } from "../services/etcd.ts";
import { bootstrapApi } from "./bootstrap.ts";
import type { ClusterDeps } from "./cluster.ts";
import { etcdApi } from "./etcd.ts";
import { kubeconfigApi } from "./kubeconfig.ts";
import { legacyApi } from "./legacy.ts";
import { machineReader } from "./machine_reader.ts";

/** The handlers for etcd, bootstrap and the kubeconfig. */
export function controlPlaneApi(
  machine: Machine,
  host: () => HostNames,
): Partial<ServiceImpl<typeof MachineService>> {
  const { config, services, etcd, runtime, sequencer, log } = machine;
  const shared = {
    ...etcd,
    services,
    hostname: () => host().hostname,
    isControlPlane: () => {
      const running = config.running.value?.config;
      return running !== undefined && isControlPlane(running);
    },
  };
  return {
    ...etcdApi(shared),
    ...bootstrapApi({
      ...shared,
      hasEtcd: () => services.find("etcd") !== undefined,
      restoreFrom: restorer(machine, host),
      sequencer,
      log,
    }),
    ...legacyApi(),
    ...kubeconfigApi({ state: runtime.state, config, clock: systemClock }),
  };
}

/** Makes the data of a first member from the snapshot, once. */
function restorer(machine: Machine, host: () => HostNames) {
  return async (
    { skipHashCheck, signal }: { skipHashCheck: boolean; signal: AbortSignal },
  ): Promise<void> => {
    const { data, snapshotFile } = machine.etcd;
    await data.make();
    const spec = restoreContainer(memberIdentity(host()), { skipHashCheck });
    const image = () => etcdImage(machine);
    const log = machine.logs.writer("etcd");
    const container = { ...machine.containers, id: "etcd-restore", image, spec: () => spec, log };
    try {
      await runToEnd(container, signal);
    } catch (error) {
      // Half a restored member must not be taken for one that has started.
      await data.wipe();
      throw error;
    }
    await snapshotFile.remove();
  };
}

/** What the service that looks at the whole cluster needs. */
export function clusterDeps(machine: Machine, host: () => HostNames): ClusterDeps {
  return {
    kube: (endpoint) => machine.etcd.access.kube(endpoint),
    machines(signal) {
      const local = unixTransport(SOCKETS.machined);
      const apid = unixTransport(SOCKETS.apid);
      const isLocal = (node: string) => {
        const { hostname, addresses } = host();
        return node === hostname || node.startsWith("127.") || addresses.includes(node);
      };
      return {
        ...machineReader({ local, apid, isLocal }, signal),
        [Symbol.dispose]() {
          local.close();
          apid.close();
        },
      };
    },
  };
}
