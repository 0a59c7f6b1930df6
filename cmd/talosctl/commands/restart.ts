import { exactly } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { containerScope, SCOPE_FLAGS } from "../output/scope.ts";
import { command, type Session } from "../session.ts";

/** `talosctl restart` */
export const restartCommand = command({
  summary: "Restart a process",
  args: exactly("<id>"),
  flags: SCOPE_FLAGS,
  async run({ kubernetes }, session: Session, [id = ""]) {
    const client = await session.client();
    await client.unary(MachineService.method.restart, { ...containerScope(kubernetes), id });
  },
});
