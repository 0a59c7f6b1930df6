/** Lets any number of readers sleep until something changed. */
export class Wake {
  readonly #sleepers = new Set<() => void>();

  /** How many readers sleep now. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Wakes each reader that sleeps now. */
  notify(): void {
    const sleepers = [...this.#sleepers];
    this.#sleepers.clear();
    for (const wake of sleepers) wake();
  }

  /** Resolves at the next notify(), or when `signal` is aborted; never rejects. */
  next(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#sleepers.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#sleepers.add(done);
      signal?.addEventListener("abort", done, { once: true });
    });
  }
}
