/** From the release that runs to the one beside it. */
import { systemClock } from "$lib/service/mod.ts";
import { isBusy } from "$ffi/block_device.ts";
import type { Machine } from "../machine.ts";
import { systemDisk } from "../release/system_disk.ts";
import { blockDevices } from "../tasks/block_devices.ts";
import { closeEncrypted } from "../tasks/encryption.ts";
import { cordonAndDrainNode, leaveEtcd } from "../tasks/leave_cluster.ts";
import { askFor } from "../tasks/reboot.ts";
import { resetSystemDiskSpec } from "../tasks/reset.ts";
import {
  letAnswersGo,
  stopAllPods,
  stopAllServices,
  stopServicesForUpgrade,
} from "../tasks/stop.ts";
import { unmountAll } from "../tasks/unmount.ts";
import { upgrade, type UpgradeOrder } from "../tasks/upgrade.ts";
import { verifyDisk } from "../tasks/verify_disk.ts";
import type { Phase, Sequence, Task } from "./engine.ts";
import { unmountPhases } from "./finish.ts";

/** How a machine goes from its cluster. */
export interface LeaveOrder {
  /** Whether EPHEMERAL is kept, and with it the member of etcd. */
  readonly preserve: boolean;
  /** Makes sure that it is still this machine's turn. @throws {Error} when it does not come again */
  readonly keepTurn: (signal: AbortSignal) => Promise<void>;
}

/** The sequence that upgrades the machine and reboots it; without `preserve` EPHEMERAL is wiped. */
export function upgradeSequence(
  machine: Machine,
  { preserve, keepTurn, ...order }: UpgradeOrder & LeaveOrder,
): Sequence {
  return {
    name: "upgrade",
    phases: [
      { name: "answers", tasks: [letAnswersGo()] },
      { name: "drain", tasks: [cordonAndDrainNode(machine)] },
      // The drain may have taken minutes; from here on the cluster has a member less.
      { name: "turn", tasks: [{ name: "keepTurn", run: keepTurn }] },
      ...(preserve ? [] : [{ name: "leave", tasks: [leaveEtcd(machine)] }]),
      { name: "cleanup", tasks: [stopAllPods(machine)] },
      { name: "stopServices", tasks: [stopServicesForUpgrade(machine)] },
      ...unmountPhases(machine),
      verifyPhase(machine),
      { name: "upgrade", tasks: [upgrade(machine, order)] },
      ...(preserve
        ? []
        : [{ name: "resetSpec", tasks: [resetSystemDiskSpec(machine, ["EPHEMERAL"])] }]),
      { name: "stopEverything", tasks: [stopAllServices(machine)] },
      { name: "reboot", tasks: [askFor("reboot", machine, "upgrade")] },
    ],
  };
}

/** The sequence before an upgrade that the next boot does. */
export function stageUpgradeSequence(
  machine: Machine,
  { preserve, keepTurn }: LeaveOrder,
): Sequence {
  return {
    name: "stageUpgrade",
    phases: [
      { name: "answers", tasks: [letAnswersGo()] },
      { name: "turn", tasks: [{ name: "keepTurn", run: keepTurn }] },
      ...(preserve ? [] : [{ name: "leave", tasks: [leaveEtcd(machine)] }]),
      { name: "cleanup", tasks: [stopAllPods(machine)] },
      { name: "stopEverything", tasks: [stopAllServices(machine)] },
      ...unmountPhases(machine),
      { name: "reboot", tasks: [askFor("reboot", machine, "staged upgrade")] },
    ],
  };
}

/** Nothing may use the disk's filesystems when it is written to. */
export function verifyPhase(machine: Machine): Phase {
  return { name: "verifyDisk", tasks: [verifyOwnDisk(machine)] };
}

function verifyOwnDisk({ log, mounter }: Machine): Task {
  return {
    name: "verifyDiskAvailability",
    async run(signal) {
      const { STATE, EPHEMERAL } = systemDisk(await blockDevices(log))?.partitions ?? {};
      const devices = [STATE, EPHEMERAL].flatMap((one) => one ? [`/dev/${one.name}`] : []);
      await verifyDisk({
        ...{ isBusy, devices, clock: systemClock, log },
        mounts: () => Deno.readTextFile("/proc/mounts"),
        async unmount() {
          const ours = /^\/var(\/|$)|^\/system\/state$/;
          await unmountAll({ mounter, log }, (target) => ours.test(target));
          for (const label of ["EPHEMERAL", "STATE"]) closeEncrypted(label, log);
        },
      }).run(signal);
    },
  };
}
