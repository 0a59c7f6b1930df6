/** What this very machine says of installations. */
import { hasUefi } from "$ffi/efi_variable.ts";
import { hasSecureBoot } from "./firmware.ts";
import type { InstallFaultDeps } from "./install_fault.ts";
import { targetDiskFault } from "./target_disk.ts";

/** Asks firmware and disks. */
export const hostInstallFaults: InstallFaultDeps = {
  hasUefi: () => hasUefi(),
  hasSecureBoot: async () => hasSecureBoot(),
  diskFault: targetDiskFault,
};
