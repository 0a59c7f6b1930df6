/** Bytes that all requests and replies held in memory may take together. */
export class ByteBudget {
  #left: number;
  constructor(readonly bytes: number) {
    this.#left = bytes;
  }

  /** Takes `bytes` out; false, taking nothing, when that many are not left. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  /** Puts `bytes` back. */
  give(bytes: number): void {
    this.#left += bytes;
  }
}
