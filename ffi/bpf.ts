/**
 * Classic BPF programs, for socket filters and seccomp.
 *
 * @module
 */
import { addressOf } from "./memory.ts";

/** Byte offsets in struct sock_filter and struct sock_fprog. */
export const SOCK_FILTER = {
  size: 8,
  code: 0,
  jt: 2,
  jf: 3,
  k: 4,
  programSize: 16,
  programLength: 0,
  programFilter: 8,
} as const;

/** Instruction codes, whole (class, size and mode joined). */
export const BPF = {
  LOAD_WORD: 0x20,
  LOAD_HALF: 0x28,
  LOAD_BYTE: 0x30,
  LOAD_HALF_AT_X: 0x48,
  LOAD_X_IP_HEADER_LENGTH: 0xb1,
  JUMP_EQUAL: 0x15,
  JUMP_GREATER_EQUAL: 0x35,
  JUMP_BITS_SET: 0x45,
  RETURN: 0x06,
} as const;

/** One instruction; `jt` and `jf` say how many to skip when the test holds or fails. */
export interface Instruction {
  op: keyof typeof BPF;
  k: number;
  jt?: number;
  jf?: number;
}

/** A struct sock_fprog; `filter` is what it points at, so keep the object while C reads it. */
export interface FilterProgram {
  bytes: Uint8Array<ArrayBuffer>;
  filter: Uint8Array<ArrayBuffer>;
}

/** The program for `instructions`. @throws {RangeError} when there are none or more than 4096. */
export function filterProgram(instructions: readonly Instruction[]): FilterProgram {
  if (instructions.length === 0 || instructions.length > 4096) {
    throw new RangeError(`Cannot make a filter of ${instructions.length} instructions`);
  }
  const filter = new Uint8Array(instructions.length * SOCK_FILTER.size);
  const view = new DataView(filter.buffer);
  instructions.forEach(({ op, k, jt = 0, jf = 0 }, i) => {
    const at = i * SOCK_FILTER.size;
    view.setUint16(at + SOCK_FILTER.code, BPF[op], true);
    view.setUint8(at + SOCK_FILTER.jt, jt);
    view.setUint8(at + SOCK_FILTER.jf, jf);
    view.setUint32(at + SOCK_FILTER.k, k, true);
  });
  const program = new DataView(new ArrayBuffer(SOCK_FILTER.programSize));
  program.setUint16(SOCK_FILTER.programLength, instructions.length, true);
  program.setBigUint64(SOCK_FILTER.programFilter, addressOf(filter), true);
  return { bytes: new Uint8Array(program.buffer), filter };
}

/** Lets through UDP over IPv4 to `port`, unfragmented; packets start at the IP header. */
export function udpPortFilter(port: number): Instruction[] {
  return [
    { op: "LOAD_BYTE", k: 9 },
    { op: "JUMP_EQUAL", k: 17, jf: 6 },
    { op: "LOAD_HALF", k: 6 },
    { op: "JUMP_BITS_SET", k: 0x1fff, jt: 4 },
    { op: "LOAD_X_IP_HEADER_LENGTH", k: 0 },
    { op: "LOAD_HALF_AT_X", k: 2 },
    { op: "JUMP_EQUAL", k: port, jf: 1 },
    { op: "RETURN", k: 0xffff },
    { op: "RETURN", k: 0 },
  ];
}
