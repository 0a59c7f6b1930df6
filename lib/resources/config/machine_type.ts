import { define } from "../definition.ts";

/** The role of the machine; `unknown` before there is a configuration. */
export type MachineTypeSpec = "unknown" | "init" | "controlplane" | "join";

/** The one resource of its kind. */
export const MACHINE_TYPE = "machine-type";

/** The role of this machine. */
export const MachineType = define<MachineTypeSpec>({
  type: "MachineTypes.config.talos.dev",
  namespace: "config",
  printColumns: [{ name: "Type", jsonPath: "{@}" }],
});
