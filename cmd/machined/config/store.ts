/** The running machine configuration: how a text becomes it, and who may read it. */
import {
  describe,
  type Finding,
  INLINE_CONFIG_BYTES,
  type MachineConfig,
  MAX_CONFIG_BYTES,
  type Mode,
  type ParseOptions,
  type PlatformFacts,
  withPlatformFacts,
} from "$lib/config/mod.ts";
import { Latest } from "$lib/service/mod.ts";
import { readConfig, type Reading, type ReadOrder } from "./reading.ts";

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
  /** Reads on another thread; large texts are read here like all others unless told. */
  readonly apart?: (order: ReadOrder) => Promise<Reading>;
}

/** What runs now: absent before the first, then the newest. */
export class ConfigStore {
  readonly running = new Latest<RunningConfig>();
  readonly #mode: Mode;
  readonly #platform: PlatformFacts;
  readonly #apart: ConfigStoreInit["apart"];

  constructor({ mode = "metal", platform = {}, apart }: ConfigStoreInit = {}) {
    this.#mode = mode;
    this.#platform = platform;
    this.#apart = apart;
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
    return this.#take(readConfig({ ...options, source, mode: this.#mode }), log);
  }

  /**
   * Like `read`, for bytes from outside: a large text is read on a thread of its own, so that it costs
   * no other work.
   *
   * @throws {ConfigFault} with every finding
   */
  async readForeign(source: Uint8Array, log: (line: string) => void): Promise<RunningConfig> {
    const order = { source, mode: this.#mode };
    // What is larger than allowed is refused by its size, before a thread is started for it.
    const large = source.length > INLINE_CONFIG_BYTES && source.length <= MAX_CONFIG_BYTES;
    return this.#take(large && this.#apart ? await this.#apart(order) : readConfig(order), log);
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

  #take({ text, config, errors, warnings }: Reading, log: (line: string) => void): RunningConfig {
    for (const warning of warnings) log(`configuration: ${describe(warning, CONFIG_NAME)}`);
    if (!config) {
      throw new ConfigFault(
        errors.map((error) => ({ ...error, message: describe(error, CONFIG_NAME) })),
      );
    }
    return { text, config: withPlatformFacts(config, this.#platform) };
  }
}
