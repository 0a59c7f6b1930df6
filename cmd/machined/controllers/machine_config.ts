import type { MachineConfig as Config } from "$lib/config/mod.ts";
import { isFault, type State } from "$lib/cosi/mod.ts";
import { ACTIVE_CONFIG, machineConfig } from "$lib/resources/mod.ts";
import type { Latest } from "$lib/service/mod.ts";
import type { RunningConfig } from "../config/store.ts";

/** The running configuration, with its type. */
export const MachineConfig = machineConfig<Config>();

/** Shows the running configuration, and each that follows it, as a resource; ends with `signal`. */
export async function publishConfig(
  running: Latest<RunningConfig>,
  state: State,
  signal: AbortSignal,
): Promise<void> {
  for await (const { text, config } of running.watch(signal)) {
    try {
      await state.update(MachineConfig, ACTIVE_CONFIG, { text, config });
    } catch (error) {
      if (!isFault(error, "notFound")) throw error;
      await state.create(MachineConfig, ACTIVE_CONFIG, { text, config });
    }
  }
}
