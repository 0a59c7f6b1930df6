import { Code, ConnectError } from "@connectrpc/connect";
import {
  configDiff,
  encryptionFault,
  immediateFault,
  isOtherCluster,
  type MachineConfig,
  multierror,
} from "$lib/config/mod.ts";
import type { Clock } from "$lib/service/mod.ts";
import type { SavedConfig } from "../config/saved.ts";
import { ConfigFault, type ConfigStore, type RunningConfig } from "../config/store.ts";
import { boundedText } from "./_bounded_text.ts";
import type { PowerDeps } from "./power.ts";

/** What runs, what is kept, and who reboots the node for what is kept. */
export interface ConfigChangesDeps extends PowerDeps {
  readonly config: Pick<ConfigStore, "readForeign" | "running">;
  readonly savedConfig: Pick<SavedConfig, "available" | "save">;
  /** Why what it says of installations cannot be done; `fresh` when that would be done now. */
  readonly installFault: (config: MachineConfig, fresh: boolean) => Promise<string | undefined>;
  /** Makes the place where the first configuration is saved what that wants it to be. */
  readonly prepareState: (config: MachineConfig) => Promise<void>;
  readonly log: (line: string) => void;
  readonly clock: Clock;
}

/** When an applied configuration takes effect. */
export type ApplyMode = "immediate" | "onReboot" | "reboot";

/** What applying would do. */
export interface CheckResult {
  readonly diff: string;
  /** Why it would be refused, if it would. */
  readonly refusal: string | undefined;
  readonly warnings: readonly string[];
}

/** A configuration that is taken back unless it is confirmed. */
interface Trial {
  readonly before: RunningConfig;
  readonly over: AbortController;
}

/**
 * Takes new configurations: at once when a running machine can take up the change, else for the next
 * boot. A refused one changes nothing. One is taken after the other.
 */
export class ConfigChanges {
  #last: Promise<unknown> = Promise.resolve();
  #trial: Trial | undefined;

  constructor(readonly deps: ConfigChangesDeps) {}

  /** Applies a configuration. @throws {ConnectError} with every reason against it */
  apply(data: Uint8Array, mode: ApplyMode): Promise<void> {
    return this.#inTurn(async () => {
      const { config, log, power } = this.deps;
      const running = config.running.value;
      const next = await this.#readNext(data, log);
      const refusal = await this.#refusal(running, next, mode);
      if (refusal) throw refusal;
      if (!running) await this.#prepare(next.config);
      // The text as it was sent: what the platform adds is added anew at each boot, and comments stay.
      const saved = await this.#save(next.text);
      // A machine without a configuration waits for one, and goes on with it without a reboot.
      if (mode === "immediate" || !running) {
        this.#endTrial();
        config.running.set(next);
        const how = running ? "replaced" : "brought";
        log(`configuration ${how} by API${saved ? "" : ", until the next boot"}`);
        return;
      }
      log("configuration for the next boot saved by API");
      if (mode === "reboot") power.request("reboot", "API");
    });
  }

  /** Says what `apply` would do; a text that is no configuration is refused here too. */
  check(data: Uint8Array, mode: ApplyMode): Promise<CheckResult> {
    return this.#inTurn(async () => {
      const warnings: string[] = [];
      const running = this.deps.config.running.value;
      const next = await this.#readNext(data, (line) => void warnings.push(line));
      return {
        diff: running ? configDiff(running.config, next.config) : "",
        refusal: (await this.#refusal(running, next, mode))?.rawMessage,
        warnings,
      };
    });
  }

  /** Applies at once, and takes it back after `ms` unless `confirm` comes first. */
  try(data: Uint8Array, ms: number): Promise<void> {
    return this.#inTurn(async () => {
      const { config, log } = this.deps;
      const running = config.running.value;
      if (!running) throw precondition("Cannot try the configuration: none is running yet");
      const next = await this.#readNext(data, log);
      const refusal = await this.#refusal(running, next, "immediate");
      if (refusal) throw refusal;
      // Trials of trials end at what was there before the first.
      const before = this.#trial?.before ?? running;
      this.#endTrial();
      config.running.set(next);
      this.#begin({ before, over: new AbortController() }, ms);
      log(`configuration tried by API, taken back in ${ms / 1000} s unless confirmed`);
    });
  }

  /** Keeps what is being tried. @throws {ConnectError} when nothing is */
  confirm(): Promise<void> {
    return this.#inTurn(async () => {
      const { config, log } = this.deps;
      if (!this.#trial) throw precondition("Cannot confirm the configuration: none is being tried");
      const { text = "" } = config.running.value ?? {};
      const saved = await this.#save(text);
      this.#endTrial();
      log(`configuration confirmed by API${saved ? "" : ", until the next boot"}`);
    });
  }

  #begin(trial: Trial, ms: number): void {
    this.#trial = trial;
    const { clock, config, log } = this.deps;
    clock.sleep(ms, trial.over.signal).then(() =>
      this.#inTurn(() => {
        if (this.#trial !== trial) return Promise.resolve();
        this.#trial = undefined;
        config.running.set(trial.before);
        log("configuration taken back: it was not confirmed in time");
        return Promise.resolve();
      })
    );
  }

  #endTrial(): void {
    this.#trial?.over.abort();
    this.#trial = undefined;
  }

  /** Saves the text where there is a place for it, and tells whether there is. */
  async #save(text: string): Promise<boolean> {
    const { savedConfig } = this.deps;
    if (!savedConfig.available) return false;
    try {
      await savedConfig.save(text);
      return true;
    } catch (error) {
      throw precondition(error instanceof Error ? error.message : String(error));
    }
  }

  async #prepare(config: MachineConfig): Promise<void> {
    try {
      await this.deps.prepareState(config);
    } catch (error) {
      throw precondition(error instanceof Error ? error.message : String(error));
    }
  }

  async #readNext(data: Uint8Array, log: (line: string) => void): Promise<RunningConfig> {
    try {
      return await this.deps.config.readForeign(data, log);
    } catch (error) {
      if (!(error instanceof ConfigFault)) throw error;
      throw invalid(multierror(error.findings).trimEnd());
    }
  }

  /** Why `next` is not taken in this mode, if it is not. */
  async #refusal(
    running: RunningConfig | undefined,
    next: RunningConfig,
    mode: ApplyMode,
  ): Promise<ConnectError | undefined> {
    const { savedConfig, installFault } = this.deps;
    const fault = await installFault(next.config, !running && !savedConfig.available);
    if (fault !== undefined) return precondition(fault);
    if (!running) {
      return mode === "onReboot"
        ? invalid("apply configuration on reboot is not supported in maintenance mode")
        : undefined;
    }
    if (isOtherCluster(running.config, next.config)) {
      return invalid(
        "this configuration is of another cluster: it has no CA and no token in common with the " +
          `one that runs\ndiff: ${configDiff(running.config, next.config)}`,
      );
    }
    const sealed = encryptionFault(running.config, next.config);
    if (sealed !== undefined) return invalid(sealed);
    if (mode === "immediate") {
      const fault = immediateFault(running.config, next.config);
      return fault === undefined ? undefined : invalid(fault);
    }
    if (savedConfig.available) return undefined;
    return precondition(
      "Cannot keep the configuration for the next boot: this node has no STATE volume; " +
        "changes under .cluster can be applied in immediate mode",
    );
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

function invalid(text: string): ConnectError {
  return new ConnectError(boundedText(text), Code.InvalidArgument);
}

function precondition(text: string): ConnectError {
  return new ConnectError(text, Code.FailedPrecondition);
}
