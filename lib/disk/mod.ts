/**
 * Disks: their partition tables, read and written, and what they hold, told from bytes alone.
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
export { type AtaIdentity, ataIdentity } from "./ata_identity.ts";
export { type DeviceFacts, deviceLinks, encodeName, idName } from "./device_links.ts";
export { FILESYSTEM_HEAD_BYTES, type FilesystemId, filesystemId } from "./filesystem_id.ts";
export { type Gpt, type GptPartition, PARTITION_TYPE } from "./gpt.ts";
export { GptError, type GptReading, readGpt, writeGpt } from "./gpt_disk.ts";
export {
  endInstallation,
  isHalfInstalled,
  noteInstallation,
  withoutHalfInstalled,
} from "./installation.ts";
export { NODE_PARTITIONS, type NodePartition, nodePartitions, partitionDevice } from "./layout.ts";
export { growGpt, type PartitionPlan, planGpt } from "./gpt_layout.ts";
export { type MetaReading, type MetaValues, readMeta, writeMeta } from "./meta.ts";
export { type Medium, type MediumOptions, openMedium } from "./medium.ts";
export { partitionDevices } from "./partition_devices.ts";
export { type PathFacts, pathIds } from "./path_id.ts";
export { isBlank, type Probe, probe, PROBE_BYTES, xfsLabel } from "./probe.ts";
export { nodeGpt, targetFault } from "./target.ts";
export {
  filesystemBytes,
  formatNoted,
  noteWipe,
  type Unfinished,
  wipeNoted,
} from "./unfinished.ts";
export { type BlockDevice, chooseVolume, MIN_XFS_BYTES, type Volume } from "./volume.ts";
export {
  isNodeGpt,
  isUserGpt,
  userGpt,
  type UserPartitionStep,
  userPartitionStep,
} from "./user_disk.ts";
export { openWholeDisk } from "./whole_disk.ts";
