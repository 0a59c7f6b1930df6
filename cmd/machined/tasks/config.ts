/** Where the configuration of this boot comes from. */
import { talosConfigUrl } from "$lib/cmdline/mod.ts";
import type { RunningConfig } from "../config/store.ts";
import type { Machine } from "../machine.ts";
import { maintenanceHint } from "../pid1/maintenance_hint.ts";
import type { Task } from "../sequences/engine.ts";

/** What the task works on. */
export type ConfigTaskDeps = Pick<
  Machine,
  "cmdline" | "config" | "identity" | "log" | "fetchConfig" | "readConfigVolume" | "hostNames"
>;

/**
 * Reads the configuration from where `talos.config` says. Where it says nothing, the machine is in
 * maintenance mode until somebody applies one.
 */
export function loadConfig(machine: ConfigTaskDeps): Task {
  return {
    name: "loadConfig",
    async run(signal) {
      const from = talosConfigUrl(machine.cmdline);
      if (from === undefined || from === "none") return await maintain(machine, signal);
      const source = from === "metal-iso"
        ? await machine.readConfigVolume(signal)
        : await machine.fetchConfig(from, signal);
      machine.config.running.set(await machine.config.readForeign(source, machine.log));
    },
  };
}

/** Serves the API of maintenance mode until there is a configuration. */
async function maintain(machine: ConfigTaskDeps, signal: AbortSignal): Promise<void> {
  const { identity, hostNames, config, log } = machine;
  await identity.openMaintenance();
  log("maintenance mode: talos.config names no configuration");
  for (const line of maintenanceHint(hostNames().addresses, identity.fingerprint)) {
    log(`maintenance: ${line}`);
  }
  await first(config.running.watch(signal));
  signal.throwIfAborted();
  log("maintenance mode is over: a configuration was applied");
  // With a CA the node's own API takes over; without one nothing may stay open meanwhile.
  await identity.refresh();
  identity.closeMaintenance();
}

async function first(configs: AsyncGenerator<RunningConfig, void>): Promise<void> {
  await configs.next();
  await configs.return();
}
