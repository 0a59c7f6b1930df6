import type { Machine } from "../machine.ts";
import { blockDevices } from "./block_devices.ts";
import type { VarDeps } from "./var.ts";
import { formatXfs } from "./xfs.ts";

/** A machine together with its disks and the means to make filesystems on them. */
export function diskDeps(
  machine: Machine,
): Machine & Pick<VarDeps, "blockDevices" | "format"> {
  return {
    ...machine,
    blockDevices: () => blockDevices(machine.log),
    format: formatXfs(machine.programs),
  };
}
