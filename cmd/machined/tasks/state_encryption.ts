/**
 * An encrypted STATE. The configuration that says how lies inside it, so META says it too: every way that
 * opens the volume, more than one while its keys change. A static passphrase lies there in the clear, as in
 * 0.9; the key nodeID needs nothing of META.
 */
import { isDeepStrictEqual } from "node:util";
import { type BlockDevice, chooseVolume } from "$lib/disk/mod.ts";
import type { MachineConfig } from "$lib/config/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { STATE_DIRECTORY } from "../config/saved.ts";
import type { Machine } from "../machine.ts";
import type { MetaStore } from "../release/meta.ts";
import { systemDisk } from "../release/system_disk.ts";
import type { Task } from "../sequences/engine.ts";
import { blockDevices } from "./block_devices.ts";
import { diskDeps } from "./disk_deps.ts";
import {
  changeKeys,
  type Encryption,
  firstOf,
  hostEncryption,
  openEncrypted,
} from "./encryption.ts";
import { metaOf } from "./releases.ts";
import { CRYPTO_MODULES, mountState, STATE, type StateDeps } from "./state.ts";
import { unmountAll } from "./unmount.ts";

/** What META can always be without. */
const NODE_ID: Encryption = { provider: "luks2", keys: [{ slot: 0, nodeID: {} }] };

/** What is done about STATE before the configuration of this boot is saved there. */
export type StatePlan =
  | { readonly kind: "nothing" }
  /** An empty volume is made anew, encrypted. */
  | { readonly kind: "encrypt" }
  | { readonly kind: "changeKeys" }
  /** META keeps a key of a volume that is gone. */
  | { readonly kind: "forget" }
  /** It stays as it is, against the configuration. */
  | { readonly kind: "leave"; readonly why: string };

/** What there is, and what is asked for. */
export interface StateFacts {
  /** `machine.systemDiskEncryption.state` */
  readonly wanted: Encryption | undefined;
  /** Whether the volume is encrypted. */
  readonly encrypted: boolean;
  /** The ways that META has to open it. */
  readonly ways: readonly Encryption[];
  /** Whether a configuration is saved there. */
  readonly used: boolean;
}

/** What brings STATE in line with the configuration. */
export function planState({ wanted, encrypted, ways, used }: StateFacts): StatePlan {
  const field = "machine.systemDiskEncryption.state";
  if (!wanted) {
    if (encrypted) return { kind: "leave", why: `STATE is encrypted, and ${field} has no key` };
    return { kind: ways.length > 0 ? "forget" : "nothing" };
  }
  if (encrypted) return { kind: isDeepStrictEqual(ways, [wanted]) ? "nothing" : "changeKeys" };
  if (!used) return { kind: "encrypt" };
  return {
    kind: "leave",
    why: `STATE is not encrypted, and ${field} wants that: reset the machine to make it anew`,
  };
}

/** What mounting STATE takes, encrypted or not. */
export function stateDeps(machine: Machine): Machine & StateDeps {
  return {
    ...diskDeps(machine),
    openState: (device, signal) => openState(machine, device, signal),
  };
}

/**
 * The plain side of an encrypted STATE.
 *
 * @throws {Error} that says what was tried
 */
async function openState(
  machine: Machine,
  device: BlockDevice,
  signal: AbortSignal,
): Promise<BlockDevice> {
  const deps = hostEncryption(diskDeps(machine));
  const known = await waysOf(metaFor(machine, await blockDevices(machine.log)));
  try {
    return await firstOf(known.length > 0 ? known : [NODE_ID], (encryption) => {
      const volume = { label: STATE, format: false, encryption, keysStay: true };
      return openEncrypted(device, volume, deps, signal);
    });
  } catch (cause) {
    const tried = known.length > 0 ? "the keys that META has" : "META has no key; tried nodeID";
    throw new Error(`Cannot open the STATE volume: ${tried}: ${messageOf(cause)}`, { cause });
  }
}

/** Makes STATE what the running configuration wants it to be, before that is saved there. */
export function encryptState(machine: Machine): Task {
  return {
    name: "encryptState",
    async run(signal) {
      const running = machine.config.running.value?.config;
      if (running) await prepareState(machine, running, signal);
    },
  };
}

/** Makes STATE what a configuration wants it to be. @throws {Error} when it cannot be */
export async function prepareState(
  machine: Machine,
  { machine: { systemDiskEncryption } }: MachineConfig,
  signal: AbortSignal,
): Promise<void> {
  const { savedConfig, log } = machine;
  if (!savedConfig.available) return;
  const deps = diskDeps(machine);
  const devices = await deps.blockDevices();
  const device = chooseVolume(STATE, devices)?.device;
  if (!device) return;
  const meta = metaFor(machine, devices);
  const wanted = systemDiskEncryption?.state;
  const ways = await waysOf(meta);
  const encrypted = device.luksLabel !== undefined;
  const used = await savedConfig.read() !== undefined;
  const plan = planState({ wanted, encrypted, ways, used });
  if (plan.kind === "leave") return log(plan.why);
  if (plan.kind === "nothing") return;
  // Nothing else is planned without keys.
  if (!wanted) return await meta?.write("stateEncryption", undefined);
  if (!meta && !wanted.keys.some(({ nodeID }) => nodeID)) {
    throw new Error(
      "Cannot encrypt STATE: this machine's disk has no META to keep the passphrase in; use a key " +
        "of machine.systemDiskEncryption.state with nodeID",
    );
  }
  if (plan.kind === "encrypt") {
    await meta?.write("stateEncryption", [wanted]);
    await makeEncrypted(machine, { device, wanted }, signal);
    return;
  }
  // Whenever the power goes, META has a way that opens the volume.
  const current = ways.length > 0 ? ways : [NODE_ID];
  await meta?.write("stateEncryption", [...current, wanted]);
  const volume = { label: STATE, current: [...current, wanted], next: wanted };
  await changeKeys(device, volume, hostEncryption(deps));
  await meta?.write("stateEncryption", [wanted]);
  log(`the keys of STATE on /dev/${device.name} are those of the configuration`);
}

/** META keeps no key of a volume that was wiped. */
export function forgetStateKeys(machine: Machine): Task {
  return {
    name: "forgetStateKeys",
    async run() {
      const meta = metaFor(machine, await blockDevices(machine.log));
      if ((await waysOf(meta)).length > 0) await meta?.write("stateEncryption", undefined);
    },
  };
}

async function makeEncrypted(
  machine: Machine,
  { device, wanted }: { readonly device: BlockDevice; readonly wanted: Encryption },
  signal: AbortSignal,
): Promise<void> {
  const { savedConfig, modules } = machine;
  savedConfig.close();
  await unmountAll(machine, (target) => target === STATE_DIRECTORY);
  await modules.load(CRYPTO_MODULES, signal);
  const deps = hostEncryption(diskDeps(machine));
  const volume = { label: STATE, format: true, encryption: wanted };
  const plain = await openEncrypted(device, volume, deps, signal);
  await mountState(machine, `/dev/${plain.name}`);
}

function metaFor(
  { releases, log }: Machine,
  devices: readonly BlockDevice[],
): Pick<MetaStore, "read" | "write"> | undefined {
  // One store for all, since each change reads the others' values and writes them again.
  if (releases.slots) return releases.slots.deps.meta;
  const disk = systemDisk(devices);
  return disk && metaOf(disk, log);
}

async function waysOf(meta: Pick<MetaStore, "read"> | undefined): Promise<Encryption[]> {
  const value = await meta?.read("stateEncryption");
  return Array.isArray(value) ? value.filter(isEncryption) : [];
}

function isEncryption(value: unknown): value is Encryption {
  return Array.isArray((value as Partial<Encryption> | null)?.keys);
}
