import { correctionOf, pollDelayMs, refusedDelayMs, retryDelayMs } from "./discipline.ts";
import { DEFAULT_SERVER, type Settings } from "./settings.ts";
import { type Measurement, RefusedError } from "./sntp.ts";

/** The clocks timed sets; `$ffi/clock.ts` and `$ffi/rtc.ts` fit it. */
export interface Clock {
  step(offsetNs: bigint): void;
  slew(offsetNs: bigint): void;
  /** Says that the clock is right to so many microseconds. */
  markSynchronized(maxErrorUs: number): void;
  /** Sets the hardware clock to the system's time. */
  keepInHardware(): void;
}

/** What timed needs of the world outside. */
export interface TimedDeps {
  readonly clock: Clock;
  readonly query: (server: string, signal: AbortSignal) => Promise<Measurement>;
  /** Asked once at start, whatever is configured. */
  readonly startServer: string;
  readonly random: () => number;
  readonly log: (line: string) => void;
  /** The first try is over, whatever came of it. */
  readonly onReady: () => void;
}

/** Follows the first configured server. */
export class Timed {
  #settings: Settings | undefined;
  #polling: AbortController | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #synchronized = false;

  constructor(readonly deps: TimedDeps) {}

  /** The server that is followed. */
  get server(): string {
    return this.#settings?.servers[0] ?? DEFAULT_SERVER;
  }

  /** Puts new settings in force. */
  configure(settings: Settings): void {
    const former = this.#settings;
    const server = this.server;
    this.#settings = settings;
    if (settings.disabled) {
      this.#end();
      if (!former?.disabled) this.deps.log("time synchronisation is off");
      return this.deps.onReady();
    }
    if (former && !former.disabled && server === this.server) return;
    this.#end();
    this.#polling = new AbortController();
    this.#running = Promise.all([
      this.#poll(this.server, this.#polling.signal),
      former ? undefined : this.#atStart(this.#polling.signal),
    ]);
  }

  /** Ends; the clock goes on as it was set. */
  async close(): Promise<void> {
    this.#end();
    await this.#running;
  }

  #end(): void {
    this.#polling?.abort();
    this.#polling = undefined;
  }

  /**
   * Asks the start server once beside the configured one: TLS needs a roughly right clock before
   * anything is known to work. Of no interest once the configured server answered.
   */
  async #atStart(signal: AbortSignal): Promise<void> {
    const { startServer } = this.deps;
    if (this.server === startServer) return;
    try {
      const measurement = await this.deps.query(startServer, signal);
      if (!this.#synchronized && !signal.aborted) this.#correct(measurement);
    } catch (error) {
      if (!signal.aborted) this.deps.log(messageOf(error));
    }
  }

  async #poll(server: string, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      let waitMs: number;
      try {
        const measurement = await this.deps.query(server, signal);
        if (signal.aborted) return;
        failures = 0;
        this.#correct(measurement);
        waitMs = pollDelayMs(this.deps.random);
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        this.#tellFailure(error, failures);
        waitMs = error instanceof RefusedError
          ? refusedDelayMs()
          : retryDelayMs(failures, this.deps.random);
      }
      this.deps.onReady();
      await pause(waitMs, signal);
    }
  }

  /** The first of a row of failures and then every tenth: a network may be away for days. */
  #tellFailure(error: unknown, failures: number): void {
    if (failures === 1 || failures % 10 === 0) this.deps.log(messageOf(error));
  }

  #correct({ server, address, offsetNs, roundTripNs }: Measurement): void {
    const { clock, log } = this.deps;
    const correction = correctionOf(offsetNs);
    try {
      if (correction === "step") clock.step(offsetNs);
      else clock.slew(offsetNs);
      clock.markSynchronized(Number(roundTripNs / 2_000n) + 1);
    } catch (error) {
      return log(messageOf(error));
    }
    if (correction === "step" || !this.#synchronized) {
      log(`${correction} by ${milliseconds(offsetNs)} ms after ${server} (${address})`);
      try {
        clock.keepInHardware();
      } catch (error) {
        log(messageOf(error));
      }
    }
    this.#synchronized = true;
  }
}

function milliseconds(ns: bigint): string {
  return (Number(ns / 1_000n) / 1_000).toFixed(3);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
