/** From a configuration to a running node. */
import type { Machine } from "../machine.ts";
import { writeRequiredSysctls } from "../tasks/kspp.ts";
import { disableModuleLoading, loadKernelModules } from "../tasks/modules.ts";
import type { Sequence, Task } from "./engine.ts";

const SERVICES_WAIT_MS = 15 * 60_000;

/** The sequence that brings a configured machine up. */
export function bootSequence(machine: Machine): Sequence {
  return {
    name: "boot",
    phases: [
      { name: "env", tasks: [setUserEnvironment(machine)] },
      // After the API is on its way: it takes a while, and whoever waits can watch it.
      { name: "kernelModules", tasks: [loadKernelModules(machine)] },
      {
        name: "kernelLockdown",
        tasks: [writeRequiredSysctls(machine), disableModuleLoading(machine)],
      },
      { name: "userSetup", tasks: [writeUserSysctls(machine)] },
      { name: "startEverything", tasks: [startAllServices(machine)] },
    ],
  };
}

/** Sets `machine.env` for this process and what it starts. */
function setUserEnvironment({ config }: Machine): Task {
  return {
    name: "setUserEnvVars",
    run() {
      const env = config.running.value?.config.machine.env ?? {};
      for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
    },
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

/** Starts every service and waits until all are up. */
function startAllServices({ services }: Machine): Task {
  return {
    name: "startAllServices",
    async run(signal) {
      services.start();
      const ids = services.list().map(({ id }) => id);
      await services.waitUp(ids, { timeoutMs: SERVICES_WAIT_MS, signal });
    },
  };
}
