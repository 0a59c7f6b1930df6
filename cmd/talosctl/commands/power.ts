import { MachineService } from "$proto/machine/machine_pb.ts";
import { command, type Session } from "../session.ts";

/** `talosctl reboot` */
export const rebootCommand = command({
  summary: "Reboot a node",
  async run(_flags, session: Session) {
    await (await session.client()).unary(MachineService.method.reboot, {});
  },
});

/** `talosctl shutdown` */
export const shutdownCommand = command({
  summary: "Shutdown a node",
  async run(_flags, session: Session) {
    await (await session.client()).unary(MachineService.method.shutdown, {});
  },
});

/** `talosctl rollback` */
export const rollbackCommand = command({
  summary: "Rollback a node to the previous installation",
  async run(_flags, session: Session) {
    await (await session.client()).unary(MachineService.method.rollback, {});
  },
});
