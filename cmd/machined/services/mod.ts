/**
 * The services of a node: each file says what one is, what it waits for and when it is healthy.
 *
 * @module
 */
import { type ProcessLauncher, type Service, systemClock } from "$lib/service/mod.ts";
import { buildInfo } from "$lib/version/mod.ts";
import { ConfigurationService } from "$proto/configuration/configuration_pb.ts";
import { ClusterService } from "$proto/cluster/cluster_pb.ts";
import { InspectService } from "$proto/inspect/inspect_pb.ts";
import { StorageService } from "$proto/storage/storage_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import { ConfigChanges } from "../api/config_changes.ts";
import { configurationService } from "../api/configuration.ts";
import { clusterService } from "../api/cluster.ts";
import { clusterDeps, controlPlaneApi } from "../api/control_plane.ts";
import { inspectService } from "../api/inspect.ts";
import { lifecycleApi } from "../api/lifecycle.ts";
import { lifecycleDeps } from "../api/lifecycle_deps.ts";
import { machineService } from "../api/mod.ts";
import { storageService } from "../api/storage.ts";
import { resourceService } from "../api/resource.ts";
import { blockFacts } from "../devices/block_facts.ts";
import { DeviceLinks } from "../devices/device_links.ts";
import type { ServiceRole } from "../launch/rights.ts";
import type { Machine } from "../machine.ts";
import { nodeInventory } from "../containers/node_inventory.ts";
import { usageOf } from "../containers/usage.ts";
import { fullHostname } from "../identity/host.ts";
import { hostInstallFaults } from "../release/host_install_faults.ts";
import { configurationFault } from "../release/install_fault.ts";
import { prepareState } from "../tasks/state_encryption.ts";
import { apidService } from "./apid.ts";
import { containerdService, criService } from "./containerd.ts";
import { etcdService } from "./etcd.ts";
import { kubeletService } from "./kubelet.ts";
import { machinedService } from "./machined.ts";
import { networkdService } from "./networkd.ts";
import { routerdService } from "./routerd.ts";
import { timedService } from "./timed.ts";
import { trustdService } from "./trustd.ts";
import { udevdService } from "./udevd.ts";

/** How long STATE may take to be made anew, milliseconds. */
const STATE_MS = 5 * 60_000;

/** Every service of the node. */
export function nodeServices(machine: Machine, launcher: ProcessLauncher<ServiceRole>): Service[] {
  const build = buildInfo();
  const runner = { launcher, logs: machine.logs };
  const udevdLog = machine.logs.writer("udevd");
  const changes = new ConfigChanges({
    ...{ ...machine, clock: systemClock },
    installFault: ({ machine: { install } }, fresh) =>
      configurationFault(install, fresh, hostInstallFaults),
    prepareState: (config) => prepareState(machine, config, AbortSignal.timeout(STATE_MS)),
  });
  const handlers = {
    ...machineService({
      ...machine,
      changes,
      build: { ...build, sha: `${build.sha} (root hash ${machine.rootHash})` },
      platform: { name: "metal", mode: "metal" },
      hostname: () => Deno.hostname(),
      inventory: nodeInventory(machine),
      usage: usageOf,
    }),
    ...controlPlaneApi(machine, machine.hostNames),
    ...lifecycleApi(lifecycleDeps(machine)),
  };
  return [
    machinedService({
      handlers,
      more(router) {
        router.service(ResourceService, resourceService(machine.runtime));
        router.service(InspectService, inspectService(machine.runtime));
        router.service(StorageService, storageService());
        router.service(ConfigurationService, configurationService({ changes }));
        router.service(ClusterService, clusterService(clusterDeps(machine, machine.hostNames)));
      },
      log: machine.log,
    }),
    networkdService(runner, machine),
    timedService(runner, machine),
    routerdService(runner),
    apidService(runner, machine),
    udevdService({
      open: machine.openUevents,
      links: diskLinks(udevdLog),
      log: udevdLog,
    }),
    containerdService(machine),
    criService(machine),
    kubeletService({
      ...machine,
      hostname: fullHostname,
      dependsOn: ["cri", "networkd", "timed"],
    }),
  ];
}

/** The links of this machine's disks; what is wrong with one is told once. */
function diskLinks(log: (line: string) => void): DeviceLinks {
  const told = new Set<string>();
  const once = (line: string) => {
    if (told.has(line)) return;
    told.add(line);
    log(line);
  };
  const facts = () => blockFacts({ sys: "/sys", dev: "/dev" }, once);
  return new DeviceLinks({ dev: "/dev", facts, log: once });
}

/** Services that only a control plane has; which a machine is, its configuration says. */
export function controlPlaneServices(machine: Machine): Service[] {
  const runner = { launcher: machine.ground.launcher, logs: machine.logs };
  return [etcdService({ machine, host: machine.hostNames }), trustdService(runner, machine)];
}
