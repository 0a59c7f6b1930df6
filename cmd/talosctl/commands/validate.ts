import { flag } from "$lib/cli/mod.ts";
import { describe, multierror, parseConfig, validateConfig } from "$lib/config/mod.ts";
import { readText } from "../files.ts";
import { command, type Session } from "../session.ts";

const MODES = ["metal", "cloud", "container"] as const;

/** `talosctl validate` */
export const validateCommand = command({
  summary: "Validate config",
  flags: {
    config: flag.string("the path of the config file", { short: "c" }),
    mode: flag.string(
      `the mode to validate the config for (valid values are ${MODES.join(", ")})`,
      {
        short: "m",
        required: true,
        choices: MODES,
      },
    ),
    strict: flag.boolean("treat validation warnings as errors"),
  },
  async run({ config, mode, strict }, session: Session) {
    const known = MODES.find((name) => name === mode) ?? "metal";
    const parsed = parseConfig(await readText(session.host.files, config));
    const { errors, warnings } = validateConfig(parsed, { mode: known, strict });
    for (const warning of warnings) session.out.note(`warning: ${describe(warning, config)}`);
    if (errors.length > 0) {
      const located = errors.map((error) => ({ ...error, message: describe(error, config) }));
      throw new Error(multierror(located));
    }
    session.out.line(`${config} is valid for ${known} mode`);
  },
});
