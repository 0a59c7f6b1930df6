/**
 * The anti-forensic splitter of LUKS: a key is blown up so that all of it is needed, and wiping any part
 * of what is on the disk wipes the key (LUKS1 On-Disk Format Specification, chapter 2.4).
 */
import { createHash } from "node:crypto";

const DIGEST_BYTES = 32;

/** `stripes` times the key's length of bytes that the key can be made of again. */
export function split(key: Uint8Array, stripes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(key.length * stripes);
  const random = bytes.subarray(0, key.length * (stripes - 1));
  // getRandomValues gives no more at once.
  for (let at = 0; at < random.length; at += 65536) {
    crypto.getRandomValues(random.subarray(at, at + 65536));
  }
  const mixed = mix(random, key.length);
  for (let i = 0; i < key.length; i++) bytes[random.length + i] = mixed[i]! ^ key[i]!;
  return bytes;
}

/** The key that was split. */
export function merge(bytes: Uint8Array, stripes: number): Uint8Array<ArrayBuffer> {
  const length = bytes.length / stripes;
  const mixed = mix(bytes.subarray(0, length * (stripes - 1)), length);
  const last = bytes.subarray(length * (stripes - 1));
  return mixed.map((byte, i) => byte ^ last[i]!);
}

function mix(stripes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  let mixed = new Uint8Array(length);
  for (let at = 0; at < stripes.length; at += length) {
    for (let i = 0; i < length; i++) mixed[i]! ^= stripes[at + i]!;
    mixed = diffuse(mixed);
  }
  return mixed;
}

function diffuse(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length);
  const number = new Uint8Array(4);
  for (let at = 0; at < bytes.length; at += DIGEST_BYTES) {
    new DataView(number.buffer).setUint32(0, at / DIGEST_BYTES);
    const part = bytes.subarray(at, at + DIGEST_BYTES);
    const digest = createHash("sha256").update(number).update(part).digest();
    result.set(digest.subarray(0, part.length), at);
  }
  return result;
}
