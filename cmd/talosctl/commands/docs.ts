import { join } from "node:path";
import { commandReference, exactly, flag } from "$lib/cli/mod.ts";
import { writeWhole } from "../files.ts";
import { command, type Session } from "../session.ts";

/** Whoever reads the tree may read its documentation. */
const PUBLIC = 0o644;

/** `talosctl docs` */
export const docsCommand = command({
  summary: "Generate documentation for the CLI or config",
  args: exactly("<output>"),
  flags: {
    config: flag.boolean("generate documentation for the default config schema"),
    cli: flag.boolean("generate documentation for the CLI"),
  },
  async run({ config, cli }, { host, out }: Session, [output = ""]) {
    const write = async (name: string, text: string): Promise<void> => {
      const path = join(output, name);
      await writeWhole(host.files, path, text, PUBLIC);
      out.line(`created ${path}`);
    };
    // Neither flag stands for both.
    if (cli || !config) {
      const { talosctl } = await import("../program.ts");
      await write("cli.md", await commandReference(talosctl(out.output, host)));
    }
    if (config || !cli) {
      const { configurationMarkdown } = await import("$lib/config/mod.ts");
      await write("configuration.md", configurationMarkdown());
    }
  },
});
