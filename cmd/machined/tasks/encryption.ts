/** Encrypted partitions: LUKS2 on the partition, device mapper's plain side of it, XFS on that. */
import type { MachineConfig } from "$lib/config/mod.ts";
import { type BlockDevice, type Medium, noteWipe, openMedium } from "$lib/disk/mod.ts";
import {
  cryptParameters,
  dataBytes,
  formatLuks,
  isUnmade,
  type Key,
  noteMade,
  openLuks,
  type OpenVolume,
  syncKeys,
} from "$lib/luks/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { DmDevice } from "$ffi/device_mapper.ts";
import { isSyscallError } from "$ffi/errno.ts";
import { HALF_MADE, type VarDeps } from "./var.ts";

/** `machine.systemDiskEncryption.ephemeral`, and `state`, which is alike. */
export type Encryption = NonNullable<
  NonNullable<MachineConfig["machine"]["systemDiskEncryption"]>["ephemeral"]
>;

/** What is needed to open a volume, beside the volume. */
export interface EncryptionDeps extends Pick<VarDeps, "format" | "log"> {
  /** The machine's UUID, as SMBIOS has it. */
  readonly machineId: () => Promise<string>;
  readonly openDevice: (device: BlockDevice) => Promise<Medium & AsyncDisposable>;
  /** Makes the plain side of a volume; gives its name under /dev. */
  readonly map: (name: string, table: { sectors: bigint; parameters: string }) => string;
}

const SECTOR_BYTES = 512;
const MACHINE_ID = "/sys/class/dmi/id/product_uuid";
/** Makers who give all machines the same UUID write few different digits. */
const MIN_DIGITS = 6;

/** What opens volumes of this machine. */
export function hostEncryption(deps: Pick<VarDeps, "format" | "log">): EncryptionDeps {
  return {
    ...deps,
    machineId,
    openDevice: ({ name, sizeBytes }) => openMedium(`/dev/${name}`, { writable: true, sizeBytes }),
    map,
  };
}

async function machineId(): Promise<string> {
  try {
    return (await Deno.readTextFile(MACHINE_ID)).trim();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error("the key nodeID cannot be used: this machine tells no UUID; use static", {
      cause,
    });
  }
}

/**
 * The plain side of the volume `label` on this device, with a filesystem on it. With `format` the volume
 * is made first; the keys become those of the configuration, unless they are to stay as they are.
 *
 * @throws {Error} that names field and device; no key is in it
 */
export async function openEncrypted(
  device: BlockDevice,
  { label, format, encryption, keysStay = false }: {
    readonly label: string;
    readonly format: boolean;
    readonly encryption: Encryption;
    readonly keysStay?: boolean;
  },
  deps: EncryptionDeps,
  signal: AbortSignal,
): Promise<BlockDevice> {
  const field = `machine.systemDiskEncryption.${label.toLowerCase()}`;
  const path = `/dev/${device.name}`;
  try {
    const keys = await keysOf(encryption, label, deps.machineId);
    await using medium = await deps.openDevice(device);
    if (format) await noteWipe(medium);
    const volume = format ? await formatLuks(medium, label, keys) : await openLuks(medium, keys);
    const asIs = format || keysStay;
    const header = asIs ? volume.header : await syncKeys(medium, volume, keys);
    return await plainSide(device, { label, volume: { ...volume, header } }, medium, deps, signal);
  } catch (cause) {
    throw new Error(`Cannot open ${path} with ${field}: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Gives an encrypted volume the keys `next`, whether its plain side is there or not.
 *
 * @throws {Error} when none of `current` opens it
 */
export async function changeKeys(
  device: BlockDevice,
  { label, current, next }: {
    readonly label: string;
    readonly current: readonly Encryption[];
    readonly next: Encryption;
  },
  deps: EncryptionDeps,
): Promise<void> {
  await using medium = await deps.openDevice(device);
  try {
    const keys = await keysOf(next, label, deps.machineId);
    const volume = await firstOf(
      current,
      async (way) => await openLuks(medium, await keysOf(way, label, deps.machineId)),
    );
    await syncKeys(medium, volume, keys);
  } catch (cause) {
    throw new Error(`Cannot change the keys of /dev/${device.name}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** What the first of several ways gives that opens a volume. @throws {Error} with what each said */
export async function firstOf<T>(
  ways: readonly Encryption[],
  open: (way: Encryption) => Promise<T>,
): Promise<T> {
  const faults: string[] = [];
  for (const way of ways) {
    try {
      return await open(way);
    } catch (error) {
      faults.push(messageOf(error));
    }
  }
  throw new Error(faults.join("; "));
}

/** Takes the plain side of a volume away, if it is there. */
export function closeEncrypted(label: string, log: (line: string) => void): void {
  try {
    DmDevice.named(nameOf(label)).remove();
  } catch (error) {
    const absent = isSyscallError(error, "ENXIO") || isSyscallError(error, "ENOENT");
    if (!absent) log(`Cannot close ${nameOf(label)}: ${messageOf(error)}`);
  }
}

/** The passphrases of a configuration. @throws {Error} when the machine's UUID is no key */
export async function keysOf(
  { keys }: Encryption,
  label: string,
  machineId: EncryptionDeps["machineId"],
): Promise<Key[]> {
  const encoder = new TextEncoder();
  return await Promise.all(keys.map(async ({ slot, static: fixed, nodeID }) => {
    if (!nodeID) return { slot, passphrase: encoder.encode(fixed?.passphrase ?? "") };
    const id = await machineId();
    if (new Set(id.toLowerCase().replaceAll(/[^0-9a-f]/g, "")).size < MIN_DIGITS) {
      throw new Error(
        `the key nodeID cannot be used: the machine's UUID "${id}" is one that many machines have; ` +
          "use static",
      );
    }
    return { slot, passphrase: encoder.encode(`${id}${label}`) };
  }));
}

async function plainSide(
  device: BlockDevice,
  { label, volume }: { readonly label: string; readonly volume: OpenVolume },
  medium: Medium,
  deps: EncryptionDeps,
  signal: AbortSignal,
): Promise<BlockDevice> {
  const bytes = dataBytes(volume.header, device.sizeBytes);
  const sizeBytes = bytes - bytes % SECTOR_BYTES;
  const parameters = cryptParameters(medium.name, volume);
  const name = deps.map(nameOf(label), { sectors: BigInt(sizeBytes / SECTOR_BYTES), parameters });
  const plain = { name, readOnly: false, sizeBytes, blank: false, xfsLabel: label };
  deps.log(`${medium.name} is encrypted (LUKS2); what is on it is shown as /dev/${name}`);
  if (isUnmade(volume.header)) {
    if (!device.blank) deps.log(`${medium.name} ${HALF_MADE}: making its filesystem`);
    // What a key that was never used makes of the disk may look like anything.
    await deps.format({ ...plain, unfinished: { work: "format", label } }, label, signal);
    await noteMade(medium, volume.header);
  }
  return plain;
}

function nameOf(label: string): string {
  return `luks2-${label}`;
}

function map(
  name: string,
  { sectors, parameters }: { sectors: bigint; parameters: string },
): string {
  const device = DmDevice.create(name);
  try {
    device.load([{ start: 0n, length: sectors, type: "crypt", params: parameters }]);
    device.resume();
    return device.info().path.replace(/^\/dev\//, "");
  } catch (error) {
    device.remove();
    throw error;
  }
}
