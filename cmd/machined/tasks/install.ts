/** The first release on a machine's disk. */
import { IMAGES } from "$lib/config/mod.ts";
import { REGISTRY_HOSTS_DIRECTORY } from "$lib/paths/mod.ts";
import { writeRegistryHosts } from "../containers/registry_hosts.ts";
import type { Machine } from "../machine.ts";
import { hostInstallFaults } from "../release/host_install_faults.ts";
import { argumentsFault } from "../release/install_fault.ts";
import { installArguments, type InstallConfig } from "../release/installer_arguments.ts";
import type { Task } from "../sequences/engine.ts";

/** How long the node's own containerd may take to come up, milliseconds. */
const CONTAINERD_MS = 5 * 60_000;

/** Starts the containerd of the node's own, tells it how registries are reached, and waits for it. */
export function startContainerd(
  { services, config, log }: Pick<Machine, "services" | "config" | "log">,
): Task {
  return {
    name: "startContainerd",
    async run(signal) {
      const registries = config.running.value?.config.machine.registries ?? {};
      await writeRegistryHosts(REGISTRY_HOSTS_DIRECTORY, registries, log);
      services.start("containerd");
      await services.waitUp(["containerd"], { timeoutMs: CONTAINERD_MS, signal });
    },
  };
}

/** Installs the release that `machine.install` names to the disk that it names. */
export function install(
  { config, cmdline, installer }: Pick<Machine, "config" | "cmdline" | "installer">,
): Task {
  return {
    name: "install",
    async run(signal) {
      const wanted = config.running.value?.config.machine.install;
      if (!wanted?.disk) throw new Error("Cannot install: machine.install.disk names no disk");
      await refuseUnsigned(wanted);
      const verified = await installer.fetch(wanted.image ?? IMAGES.installer, signal);
      try {
        await installer.run(verified, installArguments(cmdline, wanted), signal);
      } finally {
        await installer.forget(verified.reference);
      }
    },
  };
}

/** @throws {Error} when there are arguments that firmware would not let the kernel have */
export async function refuseUnsigned(install: Partial<InstallConfig> | undefined): Promise<void> {
  const fault = await argumentsFault(install, hostInstallFaults);
  if (fault !== undefined) throw new Error(fault);
}
