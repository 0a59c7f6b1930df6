import { type Measurement, RefusedError } from "./sntp.ts";

/** How servers are found and asked. */
export interface SourcesDeps {
  /** The addresses of a server. @throws when its name is unknown */
  readonly resolve: (server: string, signal: AbortSignal) => Promise<readonly string[]>;
  /** Asks `server` at `address` for the time. @throws {RefusedError} when it wants to be left alone */
  readonly query: (
    server: string,
    address: string,
    signal: AbortSignal,
  ) => Promise<Measurement>;
  readonly monotonicNs: () => bigint;
}

/** What came of asking all of them. */
export interface Round {
  readonly measurements: readonly Measurement[];
  readonly errors: readonly unknown[];
}

/** A name like pool.ntp.org stands for many: so many of them are asked. */
const ADDRESSES_A_NAME = 4;
const MAX_SERVERS = 8;
/** After RATE, doubled each time up to a day. */
const RATE_WAIT_NS = 1_024_000_000_000n;
/**
 * After DENY or RSTR. RFC 5905 wants no packet ever again; a day keeps to the sense of that, and does
 * not leave a machine without time for good after one bad answer.
 */
const DENIED_WAIT_NS = 86_400_000_000_000n;

/** The servers that are asked, by their addresses, and which of them want to be left alone. */
export class Sources {
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #silence = new Map<string, { readonly untilNs: bigint; readonly waitNs: bigint }>();

  constructor(readonly servers: readonly string[], readonly deps: SourcesDeps) {}

  /** Asks every server at once. */
  async ask(signal: AbortSignal): Promise<Round> {
    const rounds = await Promise.all(
      this.servers.slice(0, MAX_SERVERS).map((server) => this.#askServer(server, signal)),
    );
    return {
      measurements: rounds.flatMap(({ measurements }) => measurements),
      errors: rounds.flatMap(({ errors }) => errors),
    };
  }

  async #askServer(server: string, signal: AbortSignal): Promise<Round> {
    let addresses: readonly string[];
    try {
      addresses = await this.#addressesOf(server, signal);
    } catch (error) {
      return { measurements: [], errors: [error] };
    }
    const open = addresses.filter((address) => !this.#isSilent(address));
    const settled = await Promise.allSettled(
      open.map((address) => this.#askAddress(server, address, signal)),
    );
    const measurements = settled.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    // Who answers no more may have moved.
    if (measurements.length === 0) this.#addresses.delete(server);
    const errors: unknown[] = settled.flatMap((one) =>
      one.status === "rejected" ? [one.reason] : []
    );
    if (open.length === 0) {
      errors.push(new Error(`Cannot ask time server "${server}": it asked to be left alone`));
    }
    return { measurements, errors };
  }

  /** Kept while they answer: the same servers again are what makes samples comparable. */
  async #addressesOf(server: string, signal: AbortSignal): Promise<readonly string[]> {
    const known = this.#addresses.get(server);
    if (known) return known;
    const found = (await this.deps.resolve(server, signal)).slice(0, ADDRESSES_A_NAME);
    this.#addresses.set(server, found);
    return found;
  }

  async #askAddress(server: string, address: string, signal: AbortSignal): Promise<Measurement> {
    try {
      const measurement = await this.deps.query(server, address, signal);
      this.#silence.delete(address);
      return measurement;
    } catch (error) {
      if (error instanceof RefusedError) this.#leaveAlone(address, error.code);
      throw error;
    }
  }

  #leaveAlone(address: string, code: string): void {
    const former = this.#silence.get(address)?.waitNs ?? RATE_WAIT_NS / 2n;
    const doubled = former * 2n < DENIED_WAIT_NS ? former * 2n : DENIED_WAIT_NS;
    const waitNs = code === "RATE" ? doubled : DENIED_WAIT_NS;
    this.#silence.set(address, { untilNs: this.deps.monotonicNs() + waitNs, waitNs });
  }

  #isSilent(address: string): boolean {
    const silence = this.#silence.get(address);
    return silence !== undefined && this.deps.monotonicNs() < silence.untilNs;
  }
}
