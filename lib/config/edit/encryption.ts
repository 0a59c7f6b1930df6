/** What a change of encryption does to a volume that is there. */
import type { MachineConfig } from "../schema/document.ts";

type Keys = NonNullable<
  NonNullable<MachineConfig["machine"]["systemDiskEncryption"]>["ephemeral"]
>["keys"];

/** Why the next boot could not open a volume with `next`, in words. */
export function encryptionFault(current: MachineConfig, next: MachineConfig): string | undefined {
  return presenceFault("state", current, next) ?? presenceFault("ephemeral", current, next) ??
    keysFault(current, next);
}

function presenceFault(
  partition: "state" | "ephemeral",
  ...configs: readonly [MachineConfig, MachineConfig]
): string | undefined {
  const [before, after] = configs.map(({ machine }) => machine.systemDiskEncryption?.[partition]);
  if (!before === !after) return undefined;
  return `machine.systemDiskEncryption.${partition}: a volume that is there is not ` +
    `${after ? "encrypted" : "decrypted"}: reset the machine, and apply this in maintenance mode`;
}

/** How STATE is opened lies outside the configuration, so all of its keys may change at once. */
function keysFault(...configs: readonly [MachineConfig, MachineConfig]): string | undefined {
  const [before, after] = configs.map(({ machine }) => machine.systemDiskEncryption?.ephemeral);
  if (!before || !after || isShared(before.keys, after.keys)) return undefined;
  return "machine.systemDiskEncryption.ephemeral.keys: no key of the running configuration is left, " +
    "so that nothing would open the volume: add the new keys, reboot, and take the old ones out then";
}

function isShared(before: Keys, after: Keys): boolean {
  return before.some((old) =>
    after.some((key) =>
      old.nodeID ? key.nodeID !== undefined : old.static?.passphrase === key.static?.passphrase
    )
  );
}
