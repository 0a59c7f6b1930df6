import type { MachineConfig } from "$lib/config/mod.ts";
import { fullHostname } from "../identity/host.ts";
import { nodeName } from "./plan.ts";

/** This machine's name in Kubernetes. */
export function ownNodeName(config: MachineConfig): string {
  return nodeName(config, fullHostname());
}
