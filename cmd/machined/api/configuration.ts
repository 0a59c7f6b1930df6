import { Code, ConnectError } from "@connectrpc/connect";
import { immediateFault, multierror } from "$lib/config/mod.ts";
import type { ConfigPersistence } from "../config/persistence.ts";
import { ConfigFault, type ConfigStore, type RunningConfig } from "../config/store.ts";
import { boundedText } from "./_bounded_text.ts";
import type { MachineApi } from "./_impl.ts";
import type { PowerDeps } from "./power.ts";

/** What runs, what is kept, and who reboots the node for what is kept. */
export interface ConfigurationDeps extends PowerDeps {
  readonly config: Pick<ConfigStore, "read" | "running">;
  /** Absent on a node that has no place to keep a configuration. */
  readonly configPersistence?: ConfigPersistence;
  readonly log: (line: string) => void;
}

/** When an applied configuration takes effect. */
type Mode = "immediate" | "onReboot" | "reboot";

/**
 * Takes a new configuration: at once when a running machine can take up the change, else for the
 * next boot. A refused one changes nothing. One is applied after the other.
 */
export function configurationApi(deps: ConfigurationDeps): MachineApi<"applyConfiguration"> {
  let last: Promise<unknown> = Promise.resolve();
  return {
    async applyConfiguration({ data, immediate, onReboot }) {
      const mode = immediate ? "immediate" : onReboot ? "onReboot" : "reboot";
      const turn = last.then(() => apply(deps, data, mode));
      last = turn.catch(() => {});
      await turn;
      return { messages: [{}] };
    },
  };
}

async function apply(deps: ConfigurationDeps, data: Uint8Array, mode: Mode): Promise<void> {
  const { config, configPersistence: persistence, log, power } = deps;
  const running = config.running.value;
  if (!running && mode === "onReboot") {
    throw new ConnectError(
      "apply configuration on reboot is not supported in maintenance mode",
      Code.InvalidArgument,
    );
  }
  const next = readNext(deps, data);
  // A machine without a configuration waits for one, and goes on with it without a reboot.
  if (mode === "immediate" || !running) {
    if (running) checkImmediate(running, next);
    await persistence?.save(next.text);
    config.running.set(next);
    log(
      `configuration ${running ? "replaced" : "brought"} by API${
        persistence ? "" : ", until the next boot"
      }`,
    );
    return;
  }
  if (!persistence) {
    throw new ConnectError(
      "Cannot keep the configuration for the next boot: this node has no STATE partition yet, " +
        "only changes under .cluster can be applied, in immediate mode",
      Code.FailedPrecondition,
    );
  }
  // The text as it was sent: what the platform adds is added anew at each boot, and comments stay.
  await persistence.save(next.text);
  log("configuration for the next boot saved by API");
  if (mode === "reboot") power.request("reboot", "API");
}

function readNext({ config, log }: ConfigurationDeps, data: Uint8Array): RunningConfig {
  try {
    return config.read(data, log);
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    throw invalid(multierror(error.findings).trimEnd());
  }
}

function checkImmediate(running: RunningConfig, next: RunningConfig): void {
  const fault = immediateFault(running.config, next.config);
  if (fault !== undefined) throw invalid(fault);
}

function invalid(text: string): ConnectError {
  return new ConnectError(boundedText(text), Code.InvalidArgument);
}
