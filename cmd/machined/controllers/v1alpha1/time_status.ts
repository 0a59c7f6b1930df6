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
/** The kernel says by itself when its clock has gone without a correction for too long. */
const LOOK_AGAIN_MS = 5_000;

/** What tells whether the clock can be trusted. */
export interface TimeStatusDeps {
  /** In a container the clock is the host's. */
  readonly container: boolean;
  /** Whether the kernel holds its clock for right: timed told it so, not long ago. */
  readonly isClockRight: () => boolean;
}

/** Keeps the TimeStatus of the node. */
export class TimeStatusController implements Controller {
  readonly name = "v1alpha1.TimeStatusController";
  readonly inputs = [weak(MachineConfig, ACTIVE_CONFIG), weak(Service, TIMED)];
  readonly outputs = [exclusive(TimeStatus)];

  constructor(readonly deps: TimeStatusDeps) {}

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const status = timeStatus({
        container: this.deps.container,
        isClockRight: this.deps.isClockRight(),
        config: (await pass.find(MachineConfig, ACTIVE_CONFIG))?.config,
        timed: await pass.find(Service, TIMED),
      });
      await pass.put(TimeStatus, NODE_TIME, status);
      pass.again(LOOK_AGAIN_MS);
    }
  }
}

/** Whether the clock can be trusted: somebody else keeps it, or timed does and set it. */
export function timeStatus(
  { config, timed, container, isClockRight }: {
    readonly config: Config | undefined;
    readonly timed: ServiceSpec | undefined;
    readonly container: boolean;
    readonly isClockRight: boolean;
  },
): TimeStatusSpec {
  const disabled = config?.machine.time?.disabled ?? false;
  return { synced: container || disabled || ((timed?.healthy ?? false) && isClockRight) };
}
