import type { Link } from "$lib/codec/mod.ts";
import {
  advance,
  type Answer,
  type DhcpEffect,
  type DhcpEvent,
  type DhcpState,
  IDLE,
  type Outgoing,
} from "./dhcp_state.ts";
import { messageOf } from "./interface_plan.ts";
import type { Lease } from "./lease.ts";

/** How a client talks with servers in one family; Dhcp4Exchange and Dhcp6Exchange fit it. */
export interface Exchange {
  /** What it speaks, for logs. */
  readonly protocol: "DHCPv4" | "DHCPv6";
  /** Sends, and hears answers from then on. @throws when the link cannot send now */
  send(outgoing: Outgoing): void;
  /** Looks for other hosts that have an address, until disposed. */
  check(address: string, onConflict: () => void): Disposable;
  /** Hears no more. */
  close(): void;
}

/** Who is told what an exchange hears. */
export interface Listener {
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
  readonly onAnswer: (answer: Answer) => void;
}

/** What a client needs of the world outside. */
export interface DhcpDeps {
  readonly exchange: (listener: Listener) => Exchange;
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
  /** The lease came, changed or is lost; the link's tries went unanswered. */
  readonly onLease: (lease: Lease | undefined) => void;
  readonly onUnanswered: () => void;
}

/** Longest delay a timer takes; longer waits are cut into several. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** One link's DHCP client: the pure state machine with an exchange and a clock. */
export class DhcpClient {
  #state: DhcpState = IDLE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #check: Disposable | undefined;
  readonly #exchange: Exchange;

  constructor(readonly link: Link, readonly deps: DhcpDeps) {
    this.#exchange = deps.exchange({
      nowMs: deps.nowMs,
      log: (line) => this.#log(line),
      onAnswer: (answer) => this.#on({ type: "answer", answer }),
    });
  }

  /** Begins, or begins anew after the link was gone; `address` is asked for first. */
  start(address?: string): void {
    this.#on(address === undefined ? { type: "start" } : { type: "start", address });
  }

  /** Another host has the address that is checked, or used. */
  conflict(address: string): void {
    this.#log(`another host has ${address}, which ${this.#exchange.protocol} gave us`);
    this.#on({ type: "conflict" });
  }

  /** Gives the lease back and ends. */
  release(): void {
    this.#on({ type: "release" });
    this.close();
  }

  /** Ends without a word: the lease stays good for whoever comes next. */
  close(): void {
    clearTimeout(this.#timer);
    this.#endCheck();
    this.#exchange.close();
  }

  #log(line: string): void {
    this.deps.log(`${this.link.name}: ${line}`);
  }

  #on(event: DhcpEvent): void {
    const clock = { nowMs: this.deps.nowMs(), random: Math.random };
    const { state, effects } = advance(this.#state, event, clock);
    if (state.name !== this.#state.name) this.#tell(state);
    this.#state = state;
    if (state.name !== "checking") this.#endCheck();
    this.#schedule();
    for (const effect of effects) this.#do(effect);
    // Between exchanges nothing of the link's traffic is of interest.
    if (!("xid" in state)) this.#exchange.close();
  }

  #tell(state: DhcpState): void {
    if (state.name !== "bound") return;
    const { address, prefix, server, expiresAtMs } = state.lease;
    const seconds = Math.round((expiresAtMs - this.deps.nowMs()) / 1_000);
    this.#log(`leased ${address}/${prefix} from ${server} for ${seconds} s`);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const { wakeMs } = this.#state;
    if (wakeMs === Infinity) return;
    const delayMs = Math.min(Math.max(0, wakeMs - this.deps.nowMs()), MAX_TIMER_MS);
    this.#timer = setTimeout(() => {
      this.#on({ type: "timer" });
    }, Math.ceil(delayMs));
  }

  #do(effect: DhcpEffect): void {
    switch (effect.type) {
      case "lease":
        if (!effect.lease) this.#log(`${this.#exchange.protocol} lease is lost`);
        return this.deps.onLease(effect.lease);
      case "unanswered":
        this.#log(`no ${this.#exchange.protocol} server answers yet`);
        return this.deps.onUnanswered();
      case "check":
        return this.#startCheck(effect.address);
      case "send":
        return this.#send(effect.message);
    }
  }

  /** Without it the address is used unchecked: better than none. */
  #startCheck(address: string): void {
    try {
      this.#check = this.#exchange.check(address, () => this.conflict(address));
    } catch (error) {
      this.#log(messageOf(error));
    }
  }

  #endCheck(): void {
    this.#check?.[Symbol.dispose]();
    this.#check = undefined;
  }

  /** A failure here is like a lost packet: the timer tries again. */
  #send(outgoing: Outgoing): void {
    try {
      this.#exchange.send(outgoing);
    } catch (error) {
      this.#exchange.close();
      this.#log(messageOf(error));
    }
  }
}
