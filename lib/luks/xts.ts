/** AES-XTS with sector numbers as in `aes-xts-plain64`; keys are 32 or 64 bytes, two of AES's. */
import { createCipheriv, createDecipheriv } from "node:crypto";

const BLOCK = 16;
const SECTOR = 512;
/** The polynomial of the field that tweaks are multiplied in. */
const POLYNOMIAL = 0x87;

/** Encrypts whole sectors of 512 bytes, the first of which has number 0. */
export function encryptXts(plain: Uint8Array, key: Uint8Array): Uint8Array<ArrayBuffer> {
  return transform(plain, key, ecb("encrypt", key.subarray(0, key.length / 2)));
}

/** The reverse of `encryptXts`. */
export function decryptXts(bytes: Uint8Array, key: Uint8Array): Uint8Array<ArrayBuffer> {
  return transform(bytes, key, ecb("decrypt", key.subarray(0, key.length / 2)));
}

type Ecb = (bytes: Uint8Array) => Uint8Array;

function ecb(direction: "encrypt" | "decrypt", key: Uint8Array): Ecb {
  const name = `aes-${key.length * 8}-ecb`;
  const make = direction === "encrypt" ? createCipheriv : createDecipheriv;
  return (bytes) => {
    const cipher = make(name, key, null);
    cipher.setAutoPadding(false);
    const done = cipher.update(bytes);
    const rest = cipher.final();
    return rest.length === 0 ? done : Uint8Array.from([...done, ...rest]);
  };
}

function transform(bytes: Uint8Array, key: Uint8Array, cipher: Ecb): Uint8Array<ArrayBuffer> {
  if (bytes.length % SECTOR !== 0) throw new RangeError(`${bytes.length} bytes are no sectors`);
  const tweaks = tweaksOf(bytes.length / SECTOR, key.subarray(key.length / 2));
  return xor(cipher(xor(bytes, tweaks)), tweaks);
}

/** What each block is mixed with, before and after. */
function tweaksOf(sectors: number, key: Uint8Array): Uint8Array {
  const numbers = new Uint8Array(sectors * BLOCK);
  const view = new DataView(numbers.buffer);
  for (let i = 0; i < sectors; i++) view.setBigUint64(i * BLOCK, BigInt(i), true);
  const firsts = ecb("encrypt", key)(numbers);
  const tweaks = new Uint8Array(sectors * SECTOR);
  for (let i = 0; i < sectors; i++) {
    tweaks.set(firsts.subarray(i * BLOCK, (i + 1) * BLOCK), i * SECTOR);
    for (let at = i * SECTOR + BLOCK; at < (i + 1) * SECTOR; at += BLOCK) {
      let carry = 0;
      for (let j = 0; j < BLOCK; j++) {
        const before = tweaks[at - BLOCK + j]!;
        tweaks[at + j] = (before << 1) | carry;
        carry = before >> 7;
      }
      if (carry) tweaks[at]! ^= POLYNOMIAL;
    }
  }
  return tweaks;
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i]! ^ b[i]!;
  return result;
}
