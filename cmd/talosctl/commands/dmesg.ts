import { flag } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { command, type Session } from "../session.ts";

/** `talosctl dmesg` */
export const dmesgCommand = command({
  summary: "Retrieve kernel logs",
  flags: {
    follow: flag.boolean("specify if the kernel log should be streamed", { short: "f" }),
    tail: flag.boolean(
      "specify if only new messages should be sent (makes sense only when combined with --follow)",
    ),
  },
  async run({ follow, tail }, session: Session) {
    const client = await session.client();
    const decoder = new TextDecoder();
    const stream = client.stream(MachineService.method.dmesg, { follow, tail }, { follow });
    for await (const { node, message } of stream) {
      // A chunk is one kernel message or several; it never ends inside one.
      const text = decoder.decode(message.bytes).replace(/\n$/, "");
      for (const line of text.split("\n")) session.out.line(`${node}: ${line}`);
    }
  },
});
