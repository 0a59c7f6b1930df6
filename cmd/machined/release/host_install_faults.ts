/** What this very machine says of installations. */
import { hasSecureBoot, hasUefi } from "./firmware.ts";
import type { InstallFaultDeps } from "./install_fault.ts";
import { targetDiskFault } from "./target_disk.ts";

/** Asks firmware and disks. */
export const hostInstallFaults: InstallFaultDeps = {
  hasUefi: () => hasUefi(),
  hasSecureBoot: () => hasSecureBoot(),
  diskFault: targetDiskFault,
};
