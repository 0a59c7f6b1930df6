/**
 * EFI programs, and whom firmware with Secure Boot lets sign them.
 *
 * ```ts
 * import { startFault } from "$lib/efi/mod.ts";
 *
 * const fault = startFault([], { certificates: [], hashes: [] });
 * console.assert(fault?.startsWith("nobody has signed it"));
 * ```
 *
 * @module
 */
export { OPTIONAL, type PeHeaders, peHeaders, SECTION } from "./pe.ts";
export { open } from "./read_der.ts";
export {
  DATABASE_VARIABLE,
  readSignatureDatabase,
  type SignatureDatabase,
} from "./signature_database.ts";
export { type Extent, HEAD_BYTES, signaturesIn, signersIn } from "./signers.ts";
export { startFault } from "./start_fault.ts";
