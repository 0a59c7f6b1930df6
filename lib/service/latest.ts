import { Wake } from "./_wake.ts";

/** A value that changes now and then; readers see the newest one and may miss those between. */
export class Latest<T> {
  readonly #wake = new Wake();
  #value: T | undefined;
  #version = 0;

  constructor(value?: T) {
    if (value !== undefined) this.set(value);
  }

  /** The newest value, or undefined before the first. */
  get value(): T | undefined {
    return this.#value;
  }

  /** Replaces the value and wakes the readers. */
  set(value: T): void {
    this.#value = value;
    this.#version++;
    this.#wake.notify();
  }

  /** Yields the present value, if any, then each newer one, until `signal` is aborted. */
  async *watch(signal: AbortSignal): AsyncGenerator<T, void> {
    let seen = 0;
    while (!signal.aborted) {
      if (seen === this.#version) {
        await this.#wake.next(signal);
        continue;
      }
      seen = this.#version;
      yield this.#value as T;
    }
  }
}
