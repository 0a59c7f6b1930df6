import { complete, completionLines } from "$lib/cli/mod.ts";
import { command, type Session } from "../session.ts";

/** What the completion scripts call: the words so far, the last one being completed. */
export const completeCommand = command({
  summary: "Print candidates for the last of the given words",
  args: { usage: "-- <word>...", min: 0, max: Infinity },
  async run(_flags, session: Session, words) {
    const { talosctl } = await import("../program.ts");
    const program = talosctl({ out: () => {}, err: () => {} }, session.host);
    session.out.write(completionLines(await complete(program, words.length === 0 ? [""] : words)));
  },
});
