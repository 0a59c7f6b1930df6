import { completionScript, exactly, SHELLS } from "$lib/cli/mod.ts";
import { command, type Session } from "../session.ts";

/** `talosctl completion` */
export const completionCommand = command({
  summary: `Output shell completion code for the specified shell (${SHELLS.join(", ")})`,
  description: `Output shell completion code for the specified shell (${SHELLS.join(", ")}).
The code must be evaluated to provide interactive completion of talosctl commands:

  source <(talosctl completion bash)
  talosctl completion zsh > "\${fpath[1]}/_talosctl"
  talosctl completion fish > ~/.config/fish/completions/talosctl.fish`,
  args: exactly("SHELL"),
  async run(_flags, session: Session, [name = ""]) {
    const shell = SHELLS.find((known) => known === name);
    if (!shell) throw new Error(`unsupported shell "${name}": use ${SHELLS.join(", ")}`);
    session.out.write(completionScript(shell, "talosctl"));
  },
  complete: () => Promise.resolve(SHELLS.map((value) => ({ value }))),
});
