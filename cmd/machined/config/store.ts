/** The running machine configuration: how a text becomes it, and who may read it. */
import {
  describe,
  type Finding,
  type MachineConfig,
  type Mode,
  parseConfig,
  type ParseOptions,
  type PlatformFacts,
  validateConfig,
  withPlatformFacts,
} from "$lib/config/mod.ts";
import { Latest } from "$lib/service/mod.ts";

/** How findings name the document. */
const CONFIG_NAME = "config.yaml";

/** A configuration together with the text it was read from, comments and all. */
export interface RunningConfig {
  readonly text: string;
  /** What the text says, and what the platform knows besides. */
  readonly config: MachineConfig;
}

/** A text that is no configuration for this machine. */
export class ConfigFault extends Error {
  override readonly name = "ConfigFault";

  constructor(readonly findings: readonly Finding[]) {
    super(`Cannot use the configuration: ${findings.map(({ message }) => message).join("; ")}`);
  }
}

/** What a configuration is held against. */
export interface ConfigStoreInit {
  /** `metal` unless told. */
  readonly mode?: Mode;
  /** What the platform knows of the machine; nothing unless told. */
  readonly platform?: PlatformFacts;
}

/** What runs now: absent before the first, then the newest. */
export class ConfigStore {
  readonly running = new Latest<RunningConfig>();
  readonly #mode: Mode;
  readonly #platform: PlatformFacts;

  constructor({ mode = "metal", platform = {} }: ConfigStoreInit = {}) {
    this.#mode = mode;
    this.#platform = platform;
  }

  /**
   * The configuration in `source`, without any effect on what runs; warnings go to `log`.
   *
   * @throws {ConfigFault} with every finding
   */
  read(
    source: string | Uint8Array,
    log: (line: string) => void,
    options: ParseOptions = {},
  ): RunningConfig {
    const parsed = parseConfig(source, options);
    const { errors, warnings } = validateConfig(parsed, { mode: this.#mode, apply: true });
    for (const warning of warnings) log(`configuration: ${describe(warning, CONFIG_NAME)}`);
    if (!parsed.config || errors.length > 0) {
      throw new ConfigFault(
        errors.map((error) => ({ ...error, message: describe(error, CONFIG_NAME) })),
      );
    }
    return { text: parsed.text, config: withPlatformFacts(parsed.config, this.#platform) };
  }

  /**
   * Reads `source` and makes it the running configuration.
   *
   * @throws {ConfigFault} with every finding; the former configuration stays then
   */
  accept(
    source: string | Uint8Array,
    log: (line: string) => void,
    options: ParseOptions = {},
  ): RunningConfig {
    const next = this.read(source, log, options);
    this.running.set(next);
    return next;
  }
}
