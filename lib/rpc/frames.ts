import { Code } from "@connectrpc/connect";
import type { Status } from "./status.ts";

/** Bytes before each gRPC message: one flag byte and a big-endian length. */
export const FRAME_HEADER_BYTES = 5;

/** Largest message that is taken when nothing else is said: 32 MiB. */
export const MESSAGE_LIMIT_BYTES = 32 * 1024 * 1024;

/**
 * Watches gRPC frames pass by without holding them: says when a message is declared larger than
 * the limit or a flag byte is none, and whether the bytes so far end between two messages.
 */
export class FrameWatch {
  #header = 0;
  #length = 0;
  #left = 0;
  constructor(readonly limitBytes: number) {}

  /** True while the bytes seen so far are whole messages. */
  get complete(): boolean {
    return this.#header === 0 && this.#left === 0;
  }

  /** Takes the next bytes; returns what is wrong with them, if anything. */
  pass(chunk: Uint8Array): Status | undefined {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, chunk.length - at);
        this.#left -= step;
        at += step;
        continue;
      }
      const byte = chunk[at++] ?? 0;
      if (this.#header === 0) {
        if (byte > 1) return badFlag(byte);
        this.#length = 0;
      } else {
        this.#length = this.#length * 256 + byte;
      }
      if (++this.#header < FRAME_HEADER_BYTES) continue;
      if (this.#length > this.limitBytes) return tooLarge(this.#length, this.limitBytes);
      this.#left = this.#length;
      this.#header = 0;
    }
    return undefined;
  }
}

/** A gRPC frame: its bytes without the header, and whether they are compressed. */
export interface Frame {
  readonly compressed: boolean;
  readonly message: Uint8Array;
}

/**
 * Cuts a byte stream into gRPC messages. Holds at most one unfinished message, in one buffer that
 * grows with what has come, so neither a large declared length nor tiny chunks cost memory.
 */
export class FrameSplitter {
  #held = new Uint8Array(0);
  #heldBytes = 0;
  constructor(readonly limitBytes: number) {}

  /** Bytes of the unfinished message that are held now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes the next bytes; returns the messages they complete, or what is wrong with them. */
  push(chunk: Uint8Array): Frame[] | Status {
    const bytes = this.#heldBytes === 0 ? chunk : this.#append(chunk);
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= FRAME_HEADER_BYTES) {
      const flag = bytes[at] ?? 0;
      if (flag > 1) return badFlag(flag);
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 1);
      if (length > this.limitBytes) return tooLarge(length, this.limitBytes);
      const end = at + FRAME_HEADER_BYTES + length;
      if (end > bytes.length) break;
      frames.push({ compressed: flag === 1, message: bytes.slice(at + FRAME_HEADER_BYTES, end) });
      at = end;
    }
    this.#keep(bytes.subarray(at));
    return frames;
  }

  #append(chunk: Uint8Array): Uint8Array {
    const length = this.#heldBytes + chunk.length;
    if (length > this.#held.length) this.#grow(length);
    this.#held.set(chunk, this.#heldBytes);
    this.#heldBytes = length;
    return this.#held.subarray(0, length);
  }

  #keep(rest: Uint8Array): void {
    if (rest.buffer === this.#held.buffer) {
      if (rest.byteOffset > 0) {
        this.#held.copyWithin(0, rest.byteOffset, rest.byteOffset + rest.length);
      }
      this.#heldBytes = rest.length;
      if (rest.length === 0) this.#held = new Uint8Array(0);
    } else if (rest.length > 0) {
      this.#heldBytes = 0;
      this.#append(rest);
    }
  }

  #grow(length: number): void {
    const larger = new Uint8Array(Math.max(length, this.#held.length * 2, 256));
    larger.set(this.#held.subarray(0, this.#heldBytes));
    this.#held = larger;
  }
}

/** One message, made of these parts, with its gRPC header before it. */
export function frameOf(...parts: readonly Uint8Array[]): Uint8Array {
  const framed = concatBytes([new Uint8Array(FRAME_HEADER_BYTES), ...parts]);
  new DataView(framed.buffer).setUint32(1, framed.length - FRAME_HEADER_BYTES);
  return framed;
}

/** A frame as it came over the wire. */
export function rawFrame({ compressed, message }: Frame): Uint8Array {
  const framed = frameOf(message);
  if (compressed) framed[0] = 1;
  return framed;
}

/** All parts in one array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function badFlag(flag: number): Status {
  return { code: Code.Internal, message: `Cannot read message: flag byte ${flag} is unknown` };
}

function tooLarge(length: number, limit: number): Status {
  return {
    code: Code.ResourceExhausted,
    message: `Cannot take message: ${length} bytes are over the limit of ${limit}`,
  };
}
