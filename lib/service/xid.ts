const ALPHABET = "0123456789abcdefghijklmnopqrstuv";
const COUNTER_LIMIT = 0x1000000;

/** Makes ids of 12 bytes as 20 characters of base32hex; each sorts after the one before it. */
export class XidSource {
  readonly #host: Uint8Array;
  readonly #now: () => number;
  #seconds = 0;
  #counter: number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
    const random = crypto.getRandomValues(new Uint8Array(8));
    // Three bytes for the machine, two for the process: the ids only have to differ between boots.
    this.#host = random.subarray(0, 5);
    this.#counter = new DataView(random.buffer).getUint16(6);
  }

  /** The next id; its time never goes back, even when the clock is set back. */
  next(): string {
    this.#seconds = Math.max(this.#seconds, Math.floor(this.#now() / 1000));
    if (this.#counter >= COUNTER_LIMIT) {
      this.#counter = 0;
      this.#seconds++;
    }
    const bytes = new Uint8Array(12);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.#seconds);
    bytes.set(this.#host, 4);
    view.setUint8(9, this.#counter >> 16);
    view.setUint16(10, this.#counter & 0xffff);
    this.#counter++;
    return encodeXid(bytes);
  }
}

/** 12 bytes as 20 characters of base32hex. */
export function encodeXid(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(value >> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return text + ALPHABET[(value << (5 - bits)) & 31];
}

/** Whether `text` has the form of an id: 20 characters of base32hex whose last 4 bits are unused. */
export function isXid(text: string): boolean {
  return /^[0-9a-v]{19}[0g]$/.test(text);
}
