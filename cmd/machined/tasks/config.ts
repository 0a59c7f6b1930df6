/** Where the configuration of this boot comes from. */
import { talosConfigUrl } from "$lib/cmdline/mod.ts";
import { ConfigFault, type RunningConfig } from "../config/store.ts";
import type { Machine } from "../machine.ts";
import { maintenanceHint } from "../pid1/maintenance_hint.ts";
import type { Task } from "../sequences/engine.ts";

/** What the task works on. */
export type ConfigTaskDeps = Pick<
  Machine,
  | "cmdline"
  | "config"
  | "savedConfig"
  | "identity"
  | "log"
  | "fetchConfig"
  | "readConfigVolume"
  | "hostNames"
>;

/**
 * Takes the saved configuration, unless it says `persist: false` and there is another source. Else the
 * configuration is where `talos.config` says; where that says nothing, the machine is in maintenance
 * mode until somebody applies one.
 */
export function loadConfig(machine: ConfigTaskDeps): Task {
  return {
    name: "loadConfig",
    async run(signal) {
      const named = talosConfigUrl(machine.cmdline);
      const from = named === "none" ? undefined : named;
      const saved = await readSaved(machine);
      if (saved && (saved.config.persist || from === undefined)) {
        machine.log(`configuration in ${machine.savedConfig.place}`);
        machine.config.running.set(saved);
        return;
      }
      if (from === undefined) return await maintain(machine, signal);
      const source = from === "metal-iso"
        ? await machine.readConfigVolume(signal)
        : await machine.fetchConfig(from, signal);
      machine.config.running.set(await machine.config.readForeign(source, machine.log));
    },
  };
}

/** @throws {Error} that says what to do, when what is saved is no configuration for this release */
async function readSaved(
  { config, savedConfig, log }: Pick<ConfigTaskDeps, "config" | "savedConfig" | "log">,
): Promise<RunningConfig | undefined> {
  try {
    const bytes = await savedConfig.read();
    return bytes && await config.readForeign(bytes, log);
  } catch (cause) {
    const reason = cause instanceof ConfigFault
      ? cause.findings.map(({ message }) => message).join("; ")
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new Error(
      `Cannot use the saved configuration ${savedConfig.place}: ${reason}; boot the release that ` +
        "saved it, or mend or remove the file from another system: without it this machine takes " +
        "the configuration that talos.config names, or waits for one",
      { cause },
    );
  }
}

/** Saves the configuration that this boot fetched; that it cannot be saved is logged, for it still runs. */
export function saveConfig(
  { config, savedConfig, log }: Pick<Machine, "config" | "savedConfig" | "log">,
): Task {
  return {
    name: "saveConfig",
    async run() {
      const { running } = config;
      if (!savedConfig.available || !running.value) return;
      const { text } = running.value;
      try {
        if (new TextDecoder().decode(await savedConfig.read()) === text) return;
        await savedConfig.save(text);
        log(`configuration saved in ${savedConfig.place}`);
      } catch (error) {
        log(error instanceof Error ? error.message : String(error));
      }
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
