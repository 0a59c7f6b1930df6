import { always, object, optional, scalar, type Value } from "./builder.ts";
import { cluster } from "./cluster.ts";
import { machine } from "./machine.ts";
import { bool, text } from "./scalars.ts";

/** The whole v1alpha1 document: the one source of its types, reading, writing and documentation. */
export const document = object("MachineConfig", "The configuration of one machine.", {
  version: always(scalar(text), {
    doc: "Indicates the schema used to decode the contents.",
    values: ["v1alpha1"],
  }),
  debug: always(scalar(bool), {
    doc:
      "Enable verbose logging to the console.\nThe logs of all system services go to the console too; a slow serial line may hold up the boot.",
    default: "false",
  }),
  persist: always(scalar(bool), {
    doc:
      "Indicates whether to pull the machine config upon every boot.\n`true` keeps the configuration on disk, `false` fetches it anew at every boot.",
    default: "false; generated files say true",
  }),
  machine: optional(machine, {
    doc: "Provides machine specific configuration options.",
  }),
  cluster: optional(cluster, {
    doc: "Provides cluster specific configuration options.",
  }),
});

/** The `machine` section of a configuration. */
export type MachineSection = Value<typeof machine>;
/** The `cluster` section of a configuration. */
export type ClusterSection = Value<typeof cluster>;
/** A v1alpha1 document as it was read; a section is absent only in a file that will not validate. */
export type RawConfig = Value<typeof document>;
/** A v1alpha1 document with both of its sections. */
export interface MachineConfig extends RawConfig {
  readonly machine: MachineSection;
  readonly cluster: ClusterSection;
}
