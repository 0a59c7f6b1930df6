import { ClockFilter } from "./clock_filter.ts";
import { correctionOf, pollDelayMs, retryDelayMs } from "./discipline.ts";
import { agree, type Agreement } from "./select.ts";
import { DEFAULT_SERVER, type Settings } from "./settings.ts";
import type { Measurement } from "./sntp.ts";
import { Sources, type SourcesDeps } from "./sources.ts";
import { type Doubt, doubtDelayMs, doubtOf, type Moment } from "./timeline.ts";

/** The clocks timed sets; `$ffi/clock.ts` and `$ffi/rtc.ts` fit it. */
export interface Clock {
  step(offsetNs: bigint): void;
  /** Brings it nearer over minutes; takes the place of what was left of the slew before. */
  slew(offsetNs: bigint): void;
  /** How much of the last slew is still to come. */
  slewLeftNs(): bigint;
  /** Says that the clock is right to so many microseconds. */
  markSynchronized(maxErrorUs: number): void;
  /** Sets the hardware clock to the system's time. */
  keepInHardware(): void;
}

/** What timed needs of the world outside. */
export interface TimedDeps extends SourcesDeps {
  readonly clock: Clock;
  /** The time of day, nanoseconds since 1970. */
  readonly nowNs: () => bigint;
  /** Asked once at start, whatever is configured. */
  readonly startServer: string;
  readonly random: () => number;
  readonly log: (line: string) => void;
  /** The first try of a machine with a configuration is over, whatever came of it. */
  readonly onReady: () => void;
}

/** Follows the time that most of the configured servers agree on. */
export class Timed {
  #settings: Settings | undefined;
  #polling: AbortController | undefined;
  #running: Promise<unknown> = Promise.resolve();
  /** Whether all servers of the settings were asked once. */
  #tried = false;
  /** The last correction by configured servers. */
  #last: Moment | undefined;
  #doubt: Doubt | undefined;
  #filter = new ClockFilter();
  /** How often the clock was stepped. */
  #steps = 0;
  /** All slews together, the part of the last that is still to come as well. */
  #slewedNs = 0n;

  constructor(readonly deps: TimedDeps) {}

  /** The first of the servers that are followed. */
  get server(): string {
    return this.#servers[0] ?? DEFAULT_SERVER;
  }

  get #servers(): readonly string[] {
    return this.#settings?.servers ?? [DEFAULT_SERVER];
  }

  /** Puts new settings in force. */
  configure(settings: Settings): void {
    const former = this.#settings;
    this.#settings = settings;
    if (settings.disabled) {
      this.#end();
      if (!former?.disabled) this.deps.log("time synchronisation is off");
      return this.deps.onReady();
    }
    if (former && !former.disabled && former.servers.join() === settings.servers.join()) {
      return this.#tellReady();
    }
    // The start server may not have come to an answer before there was a configuration.
    const isSet = former?.configured || this.#last !== undefined;
    this.#end();
    this.#tried = false;
    this.#filter = new ClockFilter();
    // What others said does not speak against those that are to be followed now.
    this.#last = this.#doubt = undefined;
    this.#polling = new AbortController();
    this.#running = Promise.all([
      this.#poll(new Sources(settings.servers, this.deps), this.#polling.signal),
      isSet ? undefined : this.#atStart(this.#polling.signal),
    ]);
  }

  #tellReady(): void {
    if (this.#tried && this.#settings?.configured) this.deps.onReady();
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
   * Asks the start server once beside the configured ones: TLS needs a roughly right clock before
   * anything is known to work. Of no interest once the configured ones answered.
   */
  async #atStart(signal: AbortSignal): Promise<void> {
    const { startServer } = this.deps;
    if (this.#servers.includes(startServer)) return;
    const steps = this.#steps;
    const { measurements, errors } = await new Sources([startServer], this.deps).ask(signal);
    if (signal.aborted || this.#last || steps !== this.#steps) return;
    const agreement = agree(measurements);
    if (agreement) this.#correct(agreement);
    else this.deps.log(messageOf(errors[0] ?? disagreement(measurements)));
  }

  async #poll(sources: Sources, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const steps = this.#steps;
      const { measurements, errors } = await sources.ask(signal);
      if (signal.aborted) return;
      // What was measured by a clock that was stepped meanwhile tells nothing.
      if (steps !== this.#steps) continue;
      const now = {
        monotonicNs: this.deps.monotonicNs(),
        correctedNs: this.#slewedNs - this.deps.clock.slewLeftNs(),
      };
      const best = measurements.map((measurement) => this.#filter.best(measurement, now));
      const agreement = agree(best);
      failures = agreement ? 0 : failures + 1;
      const waitMs = agreement
        ? this.#follow(agreement)
        : this.#fail(best.length > 0 ? disagreement(best) : errors[0], failures);
      this.#tried = true;
      this.#tellReady();
      await pause(waitMs, signal);
    }
  }

  /** Corrects the clock unless what the servers say is to be doubted; gives how long to wait then. */
  #follow(agreement: Agreement): number {
    const now = { localNs: this.deps.nowNs(), monotonicNs: this.deps.monotonicNs() };
    const claimNs = now.localNs + agreement.offsetNs;
    this.#doubt = doubtOf(claimNs, now, this.#last, this.#doubt);
    if (this.#doubt) {
      const { jumpNs } = this.#doubt;
      this.deps.log(`${names(agreement.heeded)}: the time jumped by ${milliseconds(jumpNs)} ms?`);
      return doubtDelayMs(this.#doubt);
    }
    for (const { server, address, offsetNs } of agreement.rejected) {
      this.deps.log(`${server} (${address}) is outvoted: ${milliseconds(offsetNs)} ms off`);
    }
    const first = this.#last === undefined;
    if (this.#correct(agreement, first)) {
      this.#last = { localNs: claimNs, monotonicNs: now.monotonicNs };
    }
    return pollDelayMs(this.deps.random);
  }

  /** The first of a row of failures and then every tenth: a network may be away for days. */
  #fail(error: unknown, failures: number): number {
    if (failures === 1 || failures % 10 === 0) this.deps.log(messageOf(error));
    return retryDelayMs(failures, this.deps.random);
  }

  /** Whether the clock could be corrected. */
  #correct({ offsetNs, errorNs, heeded }: Agreement, tell = true): boolean {
    const { clock, log } = this.deps;
    const correction = correctionOf(offsetNs);
    try {
      if (correction === "step") {
        clock.step(offsetNs);
        this.#steps++;
        this.#filter.clear();
      } else {
        const leftNs = clock.slewLeftNs();
        clock.slew(offsetNs);
        this.#slewedNs += offsetNs - leftNs;
      }
      clock.markSynchronized(Number(errorNs / 1_000n) + 1);
    } catch (error) {
      log(messageOf(error));
      return false;
    }
    if (correction === "slew" && !tell) return true;
    log(`${correction} by ${milliseconds(offsetNs)} ms after ${names(heeded)}`);
    try {
      clock.keepInHardware();
    } catch (error) {
      log(messageOf(error));
    }
    return true;
  }
}

function names(measurements: readonly Measurement[]): string {
  return measurements.map(({ server, address }) => `${server} (${address})`).join(", ");
}

function disagreement(measurements: readonly Measurement[]): Error {
  const said = measurements.map(({ server, address, offsetNs }) =>
    `${server} (${address}) ${milliseconds(offsetNs)} ms`
  );
  return new Error(`Cannot tell the time: no majority among ${said.join(", ") || "no servers"}`);
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
