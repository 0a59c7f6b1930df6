/** From power-on to a configuration: the kernel made safe, filesystems, network, config. */
import { platform } from "$lib/cmdline/mod.ts";
import { UIDS } from "$lib/paths/mod.ts";
import type { Machine } from "../machine.ts";
import { blockDevices, openDisk } from "../tasks/block_devices.ts";
import { loadConfig } from "../tasks/config.ts";
import { machineUuid } from "../pid1/image.ts";
import { createEtcNetworkFiles, createMachineIdFile, createOsReleaseFile } from "../tasks/etc.ts";
import { mountBpfFilesystem, mountPseudoFilesystems } from "../tasks/filesystems.ts";
import { enforceKsppRequirements } from "../tasks/kspp.ts";
import { loadDrivers } from "../tasks/modules.ts";
import { setResourceLimits } from "../tasks/rlimits.ts";
import { preparePartitions } from "../tasks/partitions.ts";
import { findReleases } from "../tasks/releases.ts";
import { mountStatePartition } from "../tasks/state.ts";
import { stateDeps } from "../tasks/state_encryption.ts";
import { wipeDevices } from "../tasks/wipe.ts";
import type { Sequence, Task } from "./engine.ts";

/** How long the first pass of the network may take; a late address is used when it comes. */
const NETWORK_WAIT_MS = 20_000;

/** The sequence every boot starts with. */
export function initializeSequence(machine: Machine): Sequence {
  return {
    name: "initialize",
    phases: [
      { name: "logger", tasks: [setupLogger(machine)] },
      {
        name: "systemRequirements",
        tasks: [
          enforceKsppRequirements(machine),
          machine.ground.setupSystemDirectory,
          mountBpfFilesystem(machine),
          machine.ground.mountCgroups,
          mountPseudoFilesystems(machine),
          setResourceLimits(machine),
        ],
      },
      {
        name: "etc",
        tasks: [
          createEtcNetworkFiles({ ...machine, owner: UIDS.networkd }),
          createOsReleaseFile(machine),
          createMachineIdFile({ ...machine, uuid: machineUuid() }),
        ],
      },
      { name: "services", tasks: [startEarlyServices(machine)] },
      // Those of the early stage reach a network on most machines; others do as soon as they are here.
      { name: "drivers", tasks: [loadDrivers(machine)] },
      // Before anything on it is mounted.
      {
        name: "disk",
        tasks: [
          preparePartitions({
            ...machine,
            blockDevices: () => blockDevices(machine.log),
            openDisk,
            wipe: wipeDevices,
          }),
        ],
      },
      { name: "releases", tasks: [findReleases(machine)] },
      { name: "discoverNetwork", tasks: [setupDiscoveryNetwork(machine)] },
      {
        name: "mountSystem",
        tasks: [mountStatePartition(stateDeps(machine))],
      },
      { name: "config", tasks: [loadConfig(machine)] },
      { name: "setupNetwork", tasks: [setupNetwork(machine)] },
    ],
  };
}

/** Says which image runs; refuses platforms that this release does not know. */
function setupLogger(machine: Machine): Task {
  return {
    name: "setupLogger",
    run() {
      machine.log(`talos ${machine.version}, image root hash ${machine.rootHash}`);
      const name = platform(machine.cmdline);
      if (name !== undefined && name !== "metal") {
        throw new Error(`Cannot boot on platform "${name}": this release supports "metal" only`);
      }
    },
  };
}

/** The processes of the API start here, beside what follows: each takes seconds on a slow machine. */
function startEarlyServices({ services }: Machine): Task {
  return {
    name: "startEarlyServices",
    run: () => services.start("machined", "networkd", "routerd", "apid"),
  };
}

/**
 * Waits for the first pass of the network; a network that does not come up does not stop the boot. The
 * clock is asked for then, beside what follows: a configuration over HTTPS wants it roughly right.
 */
function setupDiscoveryNetwork({ services, log }: Machine): Task {
  return {
    name: "setupDiscoveryNetwork",
    async run(signal) {
      try {
        await services.waitUp(["networkd"], { timeoutMs: NETWORK_WAIT_MS, signal });
      } catch (error) {
        signal.throwIfAborted();
        log(`network is not up yet: ${error instanceof Error ? error.message : String(error)}`);
      }
      services.start("timed");
    },
  };
}

/** The network follows the configuration by itself; what is waited for here is the certificate. */
function setupNetwork(machine: Machine): Task {
  return { name: "setupNetwork", run: () => machine.identity.refresh() };
}
