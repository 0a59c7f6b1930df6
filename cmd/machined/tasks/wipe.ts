/** Devices made zeros, so that the next boot goes on with what is cut off. */
import { type BlockDevice, noteWipe, openMedium, wipeNoted } from "$lib/disk/mod.ts";
import { isBusy, zeroDevice } from "$ffi/block_device.ts";

type Device = Pick<BlockDevice, "name" | "sizeBytes">;

/** Makes all of these devices zeros. They all say so first: a reset goes as a whole, or not at all. */
export async function wipeDevices(
  devices: readonly Device[],
  { log, signal }: { readonly log: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  // Before the first write: what is mounted is not to be told to go.
  const busy = devices.filter(({ name }) => isBusy(`/dev/${name}`));
  if (busy.length > 0) {
    throw new Error(`Cannot wipe ${busy.map(({ name }) => `/dev/${name}`).join(", ")}: in use`);
  }
  for (const one of devices) {
    await using device = await open(one);
    await noteWipe(device);
  }
  for (const one of devices) {
    await using device = await open(one);
    await wipeNoted(device, (from, to) => zeroDevice(device.name, { from, to }, signal));
    log(`${device.name} is wiped`);
  }
}

function open({ name, sizeBytes }: Device) {
  return openMedium(`/dev/${name}`, { writable: true, sizeBytes });
}
