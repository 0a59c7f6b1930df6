import { type Archive, Vanished } from "./fetch.ts";
import { ProgramError, run } from "./run.ts";

/** The npm registry that this host is set up for. */
export const NPM_ARCHIVE: Archive = {
  name: "npm",
  async download(name, version, directory) {
    try {
      const text = await run("npm", ["pack", `${name}@${version}`, "--json"], {
        cwd: directory,
        env: { npm_config_update_notifier: "false" },
      });
      const packed = JSON.parse(text) as { filename: string }[];
      if (!packed[0]) throw new Error(`Cannot fetch ${name} ${version}: npm left no file`);
      return packed[0].filename;
    } catch (cause) {
      const gone = cause instanceof ProgramError && /E404|ETARGET|No matching/.test(cause.stderr);
      throw gone ? new Vanished(name, version, { cause }) : cause;
    }
  },
};
