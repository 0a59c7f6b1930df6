/** What a change of encryption does to a volume that is there. */
import type { MachineConfig } from "../schema/document.ts";

type Keys = NonNullable<
  NonNullable<MachineConfig["machine"]["systemDiskEncryption"]>["ephemeral"]
>["keys"];

/** Why the next boot could not open EPHEMERAL with `next`, in words. */
export function encryptionFault(current: MachineConfig, next: MachineConfig): string | undefined {
  const field = "machine.systemDiskEncryption.ephemeral";
  const [before, after] = [current, next].map(({ machine }) =>
    machine.systemDiskEncryption?.ephemeral
  );
  if (!before && !after) return undefined;
  if (!before || !after) {
    return `${field}: a volume that is there is not ${after ? "encrypted" : "decrypted"}: ` +
      "reset the machine, and apply this in maintenance mode";
  }
  if (isShared(before.keys, after.keys)) return undefined;
  return `${field}.keys: no key of the running configuration is left, so that nothing would open the ` +
    "volume: add the new keys, reboot, and take the old ones out then";
}

function isShared(before: Keys, after: Keys): boolean {
  return before.some((old) =>
    after.some((key) =>
      old.nodeID ? key.nodeID !== undefined : old.static?.passphrase === key.static?.passphrase
    )
  );
}
