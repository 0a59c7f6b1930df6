/** How names of peers are looked up. */
export interface EndpointNamesDeps {
  readonly lookup: (host: string) => Promise<string>;
  readonly onChange: () => void;
  readonly log: (line: string) => void;
}

const RETRY_MS = 10_000;

/** Addresses of the hosts that WireGuard peers are at; a name that is unknown is tried again. */
export class EndpointNames {
  readonly #known = new Map<string, string>();
  readonly #asked = new Set<string>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #closed = false;

  constructor(readonly deps: EndpointNamesDeps) {}

  /** The address of `host`; the first time it is asked for, it is looked up. */
  find(host: string): string | undefined {
    if (!this.#asked.has(host)) {
      this.#asked.add(host);
      void this.#lookUp(host, true);
    }
    return this.#known.get(host);
  }

  /** Looks nothing up any more. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #lookUp(host: string, first: boolean): Promise<void> {
    try {
      const address = await this.deps.lookup(host);
      if (this.#closed) return;
      this.#known.set(host, address);
      this.deps.onChange();
    } catch (error) {
      if (this.#closed) return;
      if (first) {
        const state = error instanceof Error ? error.message : String(error);
        this.deps.log(`Cannot find WireGuard peer ${JSON.stringify(host)}: ${state}`);
      }
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        void this.#lookUp(host, false);
      }, RETRY_MS);
      this.#timers.add(timer);
    }
  }
}
