/** The running machine configuration, and the one task that brings it in at boot. */
import { describe, type MachineConfig, parseConfig } from "$lib/config/mod.ts";
import { Latest } from "$lib/service/mod.ts";

/** How findings name the document. */
const CONFIG_NAME = "config.yaml";

/** A configuration together with the text it was read from, comments and all. */
export interface RunningConfig {
  readonly text: string;
  readonly config: MachineConfig;
}

/** What runs now: absent before the first, then the newest. */
export class ConfigStore {
  readonly running = new Latest<RunningConfig>();

  /**
   * Reads `text` and makes it the running configuration.
   *
   * @throws {Error} with every finding; the former configuration stays then
   */
  accept(text: string, log: (line: string) => void): RunningConfig {
    const parsed = parseConfig(text);
    for (const warning of parsed.warnings) log(`configuration: ${describe(warning, CONFIG_NAME)}`);
    if (!parsed.config) {
      const findings = parsed.errors.map((error) => describe(error, CONFIG_NAME)).join("; ");
      throw new Error(`Cannot use the configuration: ${findings}`);
    }
    const running = { text, config: parsed.config };
    this.running.set(running);
    return running;
  }
}
