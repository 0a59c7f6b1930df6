import { exactly } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { nodePaths } from "../output/node_paths.ts";
import { command, type Session } from "../session.ts";

/** `talosctl read` */
export const readCommand = command({
  summary: "Read a file on the machine",
  args: exactly("<path>"),
  async run(_flags, session: Session, [path = ""]) {
    const client = await session.oneNodeClient("read");
    for await (const { message } of client.stream(MachineService.method.read, { path })) {
      session.out.write(message.bytes);
    }
  },
  async complete(session, args) {
    return args.length > 0 ? [] : await nodePaths(session, { directories: false });
  },
});
