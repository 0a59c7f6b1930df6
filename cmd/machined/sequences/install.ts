/** From a configuration to a disk that the machine boots from. */
import type { Machine } from "../machine.ts";
import { hostInstallFaults } from "../release/host_install_faults.ts";
import { installationFault } from "../release/install_fault.ts";
import type { StagedUpgrade } from "../release/record.ts";
import { saveConfig } from "../tasks/config.ts";
import { install, startContainerd } from "../tasks/install.ts";
import { upgradeStaged } from "../tasks/upgrade.ts";
import { askFor } from "../tasks/reboot.ts";
import { mountStatePartition } from "../tasks/state.ts";
import { encryptState, stateDeps } from "../tasks/state_encryption.ts";
import { resetSystemDiskSpec } from "../tasks/reset.ts";
import { setUserEnvironment } from "../tasks/user_environment.ts";
import type { Sequence } from "./engine.ts";

/**
 * The sequence that installs the machine, or does an upgrade that was staged. Undefined when there is
 * nothing to install: the machine has a place for its configuration already, or that names no disk.
 */
export async function installSequence(machine: Machine): Promise<Sequence | undefined> {
  const { config, savedConfig, log, releases } = machine;
  const staged = await releases.slots?.takeStaged();
  if (staged) return stagedSequence(machine, staged);
  const wanted = config.running.value?.config.machine.install;
  if (savedConfig.available || !wanted?.disk) return undefined;
  const fault = await installationFault(wanted, hostInstallFaults);
  if (fault !== undefined) {
    log(`${fault}; the machine runs from memory`);
    return undefined;
  }
  return {
    name: "install",
    phases: [
      { name: "env", tasks: [setUserEnvironment(machine)] },
      { name: "containerd", tasks: [startContainerd(machine)] },
      { name: "install", tasks: [install(machine)] },
      {
        name: "mountState",
        tasks: [mountStatePartition(stateDeps(machine))],
      },
      { name: "encryptState", tasks: [encryptState(machine)] },
      { name: "saveConfig", tasks: [saveConfig(machine)] },
      // Services are stopped and STATE is unmounted by the sequence that takes over.
      { name: "reboot", tasks: [askFor("reboot", machine, "installation")] },
    ],
  };
}

/** Nothing of /var is mounted yet, and no service uses it: what is staged needs no preparation. */
function stagedSequence(machine: Machine, staged: StagedUpgrade): Sequence {
  return {
    name: "install",
    phases: [
      { name: "env", tasks: [setUserEnvironment(machine)] },
      { name: "containerd", tasks: [startContainerd(machine)] },
      { name: "install", tasks: [upgradeStaged(machine, staged)] },
      ...(staged.preserve
        ? []
        : [{ name: "resetSpec", tasks: [resetSystemDiskSpec(machine, ["EPHEMERAL"])] }]),
      { name: "reboot", tasks: [askFor("reboot", machine, "staged upgrade")] },
    ],
  };
}
