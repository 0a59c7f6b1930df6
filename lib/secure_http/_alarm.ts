/** Aborts after a time that can be set anew. */
export class Alarm {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly target: AbortController) {}

  set(ms: number): void {
    this.clear();
    if (ms === Infinity) return;
    const late = () => this.target.abort(new Error(`nothing came for ${ms} ms`));
    this.#timer = setTimeout(late, ms);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
