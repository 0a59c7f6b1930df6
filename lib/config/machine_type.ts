import type { RawConfig } from "./schema/document.ts";

/** The role of a machine; `join` is a worker. */
export type MachineType = "init" | "controlplane" | "join";

/** The role that a configuration gives: any word but `init` and `controlplane` makes a worker. */
export function machineType(config: RawConfig): MachineType {
  const type = config.machine?.type;
  return type === "init" || type === "controlplane" ? type : "join";
}

/** Whether a machine of this configuration runs etcd and the Kubernetes control plane. */
export function isControlPlane(config: RawConfig): boolean {
  return machineType(config) !== "join";
}
