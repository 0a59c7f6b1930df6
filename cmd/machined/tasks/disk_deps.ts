import type { Machine } from "../machine.ts";
import { blockDevices } from "./block_devices.ts";
import { hostEncryption, openEncrypted } from "./encryption.ts";
import type { EncryptedVarDeps, VarDeps } from "./var.ts";
import { userDiskNames } from "./user_disks.ts";
import { formatXfs } from "./xfs.ts";

/** A machine together with its disks, without those that `machine.disks` has for itself, and the means to make filesystems on them. */
export function diskDeps(
  machine: Machine,
): Machine & Pick<VarDeps, "blockDevices" | "format"> {
  return {
    ...machine,
    async blockDevices() {
      const devices = await blockDevices(machine.log);
      const users = await userDiskNames(machine.config.running.value?.config.machine.disks ?? []);
      return devices.filter(({ name, disk }) => !users.has(name) && !users.has(disk ?? ""));
    },
    format: formatXfs(machine.programs),
  };
}

/** These, and what an encrypted volume takes. */
export function encryptedDiskDeps(
  machine: Machine,
): ReturnType<typeof diskDeps> & Pick<EncryptedVarDeps, "encryption" | "openEncrypted"> {
  const deps = diskDeps(machine);
  const { config } = machine;
  return {
    ...deps,
    encryption: () => config.running.value?.config.machine.systemDiskEncryption?.ephemeral,
    openEncrypted: (device, volume, signal) =>
      openEncrypted(device, volume, hostEncryption(deps), signal),
  };
}
