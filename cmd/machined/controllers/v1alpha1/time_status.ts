import type { MachineConfig as Config } from "$lib/config/mod.ts";
import { type Controller, type ControllerRuntime, exclusive, weak } from "$lib/cosi/mod.ts";
import {
  ACTIVE_CONFIG,
  NODE_TIME,
  Service,
  type ServiceSpec,
  TimeStatus,
  type TimeStatusSpec,
} from "$lib/resources/mod.ts";
import { MachineConfig } from "../machine_config.ts";

const TIMED = "timed";

/** Keeps the TimeStatus of the node. */
export class TimeStatusController implements Controller {
  readonly name = "v1alpha1.TimeStatusController";
  readonly inputs = [weak(MachineConfig, ACTIVE_CONFIG), weak(Service, TIMED)];
  readonly outputs = [exclusive(TimeStatus)];

  /** In a container the clock is the host's. */
  constructor(readonly deps: { container: boolean }) {}

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const status = timeStatus({
        ...this.deps,
        config: (await pass.find(MachineConfig, ACTIVE_CONFIG))?.config,
        timed: await pass.find(Service, TIMED),
      });
      await pass.put(TimeStatus, NODE_TIME, status);
    }
  }
}

/** Whether the clock can be trusted: somebody else keeps it, or timed says that it does. */
export function timeStatus(
  { config, timed, container }: {
    readonly config: Config | undefined;
    readonly timed: ServiceSpec | undefined;
    readonly container: boolean;
  },
): TimeStatusSpec {
  const disabled = config?.machine.time?.disabled ?? false;
  return { synced: container || disabled || (timed?.healthy ?? false) };
}
