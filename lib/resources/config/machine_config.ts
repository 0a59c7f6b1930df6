import { define, type Definition, YamlText } from "../definition.ts";

/** The running configuration; `Config` is its type, which this room does not know. */
export interface MachineConfigSpec<Config = unknown> {
  /** As it was submitted, comments and all. */
  readonly text: string;
  readonly config: Config;
}

/** The one resource of its kind. */
export const ACTIVE_CONFIG = "v1alpha1";

/** The definition, for a configuration of type `Config`. */
export function machineConfig<Config>(): Definition<MachineConfigSpec<Config>> {
  return define({
    type: "MachineConfigs.config.talos.dev",
    namespace: "config",
    sensitive: true,
    view: ({ text }) => new YamlText(text),
  });
}

/** The configuration that runs; its YAML is the text that was submitted. */
export const MachineConfig = machineConfig<unknown>();
