/**
 * LUKS2 volumes as cryptsetup makes and opens them: AES-XTS, keys by PBKDF2. Device mapper does the rest.
 *
 * ```ts
 * import { luksLabel } from "$lib/luks/mod.ts";
 *
 * console.assert(luksLabel(new Uint8Array(32768)) === undefined);
 * ```
 *
 * @module
 */
export { type Header, luksLabel, readHeader } from "./header.ts";
export {
  CIPHER,
  cryptParameters,
  DATA_OFFSET,
  dataBytes,
  formatLuks,
  isUnmade,
  type Key,
  noteMade,
  openLuks,
  type OpenVolume,
  syncKeys,
  WrongKeyError,
} from "./volume.ts";
