/**
 * What a disk holds, told from its bytes alone.
 *
 * ```ts
 * import { isBlank, xfsLabel } from "$lib/disk/mod.ts";
 *
 * const disk = new Uint8Array(4096);
 * console.assert(isBlank(disk) && xfsLabel(disk) === undefined);
 * ```
 *
 * @module
 */
export { isBlank, PROBE_BYTES, xfsLabel } from "./probe.ts";
export { type BlockDevice, chooseVolume, type Volume } from "./volume.ts";
