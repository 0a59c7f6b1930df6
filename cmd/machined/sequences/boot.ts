/** From a configuration to a running node. */
import { isControlPlane } from "$lib/config/mod.ts";
import { dropStaticPods, STATIC_PODS_DIR } from "../controllers/mod.ts";
import type { Machine } from "../machine.ts";
import { controlPlaneServices } from "../services/mod.ts";
import { saveConfig } from "../tasks/config.ts";
import { diskDeps, encryptedDiskDeps } from "../tasks/disk_deps.ts";
import { writeRequiredSysctls } from "../tasks/kspp.ts";
import { labelNodeAsMaster } from "../tasks/label_master.ts";
import { uncordonNode } from "../tasks/leave_cluster.ts";
import { disableModuleLoading, loadKernelModules } from "../tasks/modules.ts";
import { updateBootloader } from "../tasks/releases.ts";
import { releaseReserve, takeReserve } from "../tasks/reserve.ts";
import { mountUserDisks } from "../tasks/user_disks.ts";
import { setUserEnvironment } from "../tasks/user_environment.ts";
import { writeUserFiles } from "../tasks/user_files.ts";
import { encryptState } from "../tasks/state_encryption.ts";
import {
  mountEphemeralPartition,
  mountOverlayFilesystems,
  setupVarDirectory,
} from "../tasks/var.ts";
import type { Sequence, Task } from "./engine.ts";

const SERVICES_WAIT_MS = 15 * 60_000;

/** The sequence that brings a configured machine up. */
export function bootSequence(machine: Machine): Sequence {
  return {
    name: "boot",
    phases: [
      { name: "encryptState", tasks: [encryptState(machine)] },
      { name: "saveConfig", tasks: [saveConfig(machine)] },
      { name: "env", tasks: [setUserEnvironment(machine)] },
      // After the API is on its way: it takes a while, and whoever waits can watch it.
      { name: "kernelModules", tasks: [loadKernelModules(machine)] },
      {
        name: "kernelLockdown",
        tasks: [writeRequiredSysctls(machine), disableModuleLoading(machine)],
      },
      { name: "containerd", tasks: [startContainerd(machine)] },
      { name: "udevd", tasks: [startUdevd(machine)] },
      { name: "ephemeral", tasks: [mountEphemeralPartition(encryptedDiskDeps(machine))] },
      { name: "releaseReserve", tasks: [releaseReserve()] },
      { name: "var", tasks: [setupVarDirectory()] },
      { name: "overlay", tasks: [mountOverlayFilesystems(machine)] },
      { name: "userDisks", tasks: [mountUserDisks(diskDeps(machine))] },
      { name: "staticPods", tasks: [dropFormerStaticPods()] },
      { name: "userSetup", tasks: [writeUserFiles(machine), writeUserSysctls(machine)] },
      { name: "startEverything", tasks: [startAllServices(machine)] },
      ...(onControlPlane(machine)
        ? [{ name: "labelMaster", tasks: [labelNodeAsMaster(machine)] }]
        : []),
      { name: "uncordon", tasks: [uncordonNode(machine)] },
      { name: "bootloader", tasks: [updateBootloader(machine)] },
      { name: "takeReserve", tasks: [takeReserve(machine)] },
    ],
  };
}

/** Sets `machine.sysctls`; one that the kernel refuses fails the boot with its name. */
function writeUserSysctls({ config, sysctls }: Machine): Task {
  return {
    name: "writeUserSysctls",
    run() {
      const values = config.running.value?.config.machine.sysctls ?? {};
      for (const [name, value] of Object.entries(values)) sysctls.write(name, value);
    },
  };
}

/** Static pods of an earlier boot: the kubelet gets them anew, each when it can run. */
function dropFormerStaticPods(): Task {
  return { name: "dropStaticPods", run: () => dropStaticPods(STATIC_PODS_DIR) };
}

/** Starts the containerd of the node's own; nothing of the boot waits for it. */
function startContainerd({ services }: Machine): Task {
  return { name: "startContainerd", run: () => services.start("containerd") };
}

/** How long the links of disks may take, milliseconds. */
const LINKS_MS = 30_000;

/** Starts what keeps /dev/disk; it is waited for where the configuration may name disks by it. */
function startUdevd({ services, config }: Machine): Task {
  return {
    name: "startUdevd",
    async run(signal) {
      services.start("udevd");
      if (!config.running.value?.config.machine.disks?.length) return;
      await services.waitUp(["udevd"], { timeoutMs: LINKS_MS, signal });
    },
  };
}

/** Services that need a registry and a cluster: they come up when those are there, not with the boot. */
const OF_THE_CLUSTER: ReadonlySet<string> = new Set(["etcd", "kubelet"]);
/**
 * Where the machine cannot sign for its API, on a worker or while its clock is outside the life of the
 * CA, services with certificates come up later too.
 */
const WITHOUT_CERTIFICATE: ReadonlySet<string> = new Set([...OF_THE_CLUSTER, "apid", "trustd"]);

/** Starts every service and waits until all that this node can bring up by itself are up. */
function startAllServices(machine: Machine): Task {
  const { services, config, identity } = machine;
  return {
    name: "startAllServices",
    async run(signal) {
      if (onControlPlane(machine)) services.load(...controlPlaneServices(machine));
      // It runs since before there was a configuration.
      if (config.running.value?.config.machine.time?.disabled) await services.stop("timed");
      services.start();
      const signs = onControlPlane(machine) && identity.fault === undefined;
      const late = signs ? OF_THE_CLUSTER : WITHOUT_CERTIFICATE;
      const ids = services.list().map(({ id }) => id).filter((id) => !late.has(id));
      await services.waitUp(ids, { timeoutMs: SERVICES_WAIT_MS, signal });
    },
  };
}

function onControlPlane({ config }: Machine): boolean {
  const running = config.running.value?.config;
  return running !== undefined && isControlPlane(running);
}
