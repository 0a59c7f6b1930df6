/**
 * Machine code between the runtime and a C function: it calls the function and, where that failed,
 * answers with the reason in the same native call. From one call of the runtime to the next, its own
 * work on the thread (a lock, a page of memory, code that is compiled) may change errno.
 *
 * Sources: System V ABI for AMD64, 3.2.3; Procedure Call Standard for the Arm 64-bit Architecture.
 *
 * @module
 */

/** What a thunk is made of: addresses in this process, and the bits of the function's result. */
export interface Thunk {
  target: bigint;
  /** The address of `int *__errno_location(void)`. */
  errnoLocation: bigint;
  resultBits: 32 | 64;
}

/** Bytes that each thunk takes. */
export const THUNK_SIZE = 64;

/**
 * Code with the prototype of `target`, for up to six integer or pointer parameters: its result, or
 * -errno where that is -1.
 */
export const thunk: Record<typeof Deno.build.arch, (thunk: Thunk) => Uint8Array<ArrayBuffer>> = {
  x86_64({ target, errnoLocation, resultBits }) {
    return code([
      ...[0x48, 0x83, 0xec, 0x08], //                                  sub rsp, 8
      ...[0x49, 0xbb, ...address(target)], //                          mov r11, target
      ...[0x31, 0xc0], //                                              xor eax, eax
      ...[0x41, 0xff, 0xd3], //                                        call r11
      ...resultBits === 64 ? [0x48, 0x83, 0xf8, 0xff] : [0x83, 0xf8, 0xff], // cmp rax | eax, -1
      ...[0x75, 0x13], //                                              jne done
      ...[0x49, 0xbb, ...address(errnoLocation)], //                   mov r11, errnoLocation
      ...[0x41, 0xff, 0xd3], //                                        call r11
      ...[0x48, 0x63, 0x00], //                                        movsxd rax, dword [rax]
      ...[0x48, 0xf7, 0xd8], //                                        neg rax
      ...[0x48, 0x83, 0xc4, 0x08], //                            done: add rsp, 8
      0xc3, //                                                         ret
    ]);
  },
  aarch64({ target, errnoLocation, resultBits }) {
    const instructions = new Uint32Array([
      0xa9bf7bfd, //                                         stp x29, x30, [sp, #-16]!
      0x58000170, //                                         ldr x16, target
      0xd63f0200, //                                         blr x16
      resultBits === 64 ? 0xb100041f : 0x3100041f, //        cmn x0 | w0, #1
      0x540000a1, //                                         b.ne done
      0x58000130, //                                         ldr x16, errnoLocation
      0xd63f0200, //                                         blr x16
      0xb9800000, //                                         ldrsw x0, [x0]
      0xcb0003e0, //                                         neg x0, x0
      0xa8c17bfd, //                                   done: ldp x29, x30, [sp], #16
      0xd65f03c0, //                                         ret
      0xd503201f, //                                         nop, so that the addresses are aligned
    ]);
    return code([
      ...new Uint8Array(instructions.buffer),
      ...[...address(target), ...address(errnoLocation)],
    ]);
  },
};

function code(bytes: readonly number[]): Uint8Array<ArrayBuffer> {
  const code = new Uint8Array(THUNK_SIZE);
  code.set(bytes);
  return code;
}

/** As 8 bytes, least significant first. */
function address(value: bigint): Uint8Array {
  return new Uint8Array(new BigUint64Array([value]).buffer);
}
