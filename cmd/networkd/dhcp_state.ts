import type { Lease } from "./lease.ts";

/**
 * Where a client stands in the exchange of RFC 2131, or of RFC 8415, which goes the same way; `wakeMs`
 * is when it acts next by itself.
 */
export type DhcpState =
  | { readonly name: "idle"; readonly wakeMs: number }
  | Trying & { readonly name: "selecting" }
  | Trying & { readonly name: "requesting"; readonly offer: Offer }
  | Trying & { readonly name: "rebooting"; readonly address: string; readonly lease?: Lease }
  /** A new lease whose address somebody else may have: it is not used yet. */
  | { readonly name: "checking"; readonly wakeMs: number; readonly granted: Lease }
  | { readonly name: "bound"; readonly wakeMs: number; readonly lease: Lease }
  | Trying & { readonly name: "renewing" | "rebinding"; readonly lease: Lease };

interface Trying {
  readonly wakeMs: number;
  readonly xid: number;
  readonly attempt: number;
  readonly sinceMs: number;
  /** A server that knows nothing of the address: it is asked for it as if for the first time. */
  readonly forgottenBy?: string;
}

/** The states in which a message is on its way. */
type Asking = Extract<DhcpState, Trying>;

interface Offer {
  readonly address: string;
  readonly server: string;
}

/** What happens to a client from outside. */
export type DhcpEvent =
  /** The link came up; `address` is one it had before, which is asked for first. */
  | { readonly type: "start"; readonly address?: string }
  | { readonly type: "timer" }
  | { readonly type: "answer"; readonly answer: Answer }
  /** Another host has the address that is being checked, or used. */
  | { readonly type: "conflict" }
  /** The link must not use DHCP any more: give the address back. */
  | { readonly type: "release" };

/** What a server says, in the words of both families. */
export type Answer =
  | Offer & { readonly type: "offer"; readonly xid: number }
  | { readonly type: "grant"; readonly xid: number; readonly lease: Lease }
  | { readonly type: "refusal"; readonly xid: number; readonly server?: string }
  /** The server knows of no such address (DHCPv6 alone has a word for that). */
  | { readonly type: "forgotten"; readonly xid: number; readonly server: string };

/** What a client wants done, in order. */
export type DhcpEffect =
  | { readonly type: "send"; readonly message: Outgoing }
  | { readonly type: "lease"; readonly lease: Lease | undefined }
  /** Look for others that have the address. */
  | { readonly type: "check"; readonly address: string }
  /** No server answered the first tries; they go on. */
  | { readonly type: "unanswered" };

/** A message to send: what it asks, and its transaction id of 24 bits. */
export type Outgoing = Question & { readonly xid: number; readonly secs: number };

/** What a client asks, in the words of both families. */
export type Question =
  | { readonly ask: "discover" }
  | Offer & { readonly ask: "request" | "renew" | "release" | "decline" }
  /** Of any server; "reboot" is for the address that the link had before it lost its carrier. */
  | { readonly ask: "reboot" | "rebind"; readonly address: string };

/** What a step depends on besides state and event. `random` gives numbers from 0 up to 1. */
export interface DhcpClock {
  readonly nowMs: number;
  readonly random: () => number;
}

type Step = { readonly state: DhcpState; readonly effects: readonly DhcpEffect[] };

/** A client that has not begun. */
export const IDLE: DhcpState = { name: "idle", wakeMs: Infinity };

/** Tries without answer after which the link counts as done for the first pass: about 7 s. */
const FIRST_TRIES = 3;
const REQUEST_TRIES = 4;
const REBOOT_TRIES = 2;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 32_000;
const MIN_RENEW_DELAY_MS = 5_000;
/** After a refusal, so that a server which offers and then refuses is not asked in a loop. */
const REFUSED_DELAY_MS = 3_000;
/** Who has the address answers within the link's round trip; each new lease waits so long. */
const CHECK_MS = 300;
/** RFC 2131, 3.1: ten seconds at least before the next try. */
const DECLINED_DELAY_MS = 10_000;

/** The next state and what is to be done: the whole DHCP client, without sockets or clocks. */
export function advance(state: DhcpState, event: DhcpEvent, clock: DhcpClock): Step {
  switch (event.type) {
    case "start":
      return start(state, event.address, clock);
    case "timer":
      return clock.nowMs < state.wakeMs ? { state, effects: [] } : timer(state, clock);
    case "answer":
      return receive(state, event.answer, clock);
    case "conflict":
      return conflict(state, clock);
    case "release":
      return release(state, clock);
  }
}

function start(state: DhcpState, address: string | undefined, clock: DhcpClock): Step {
  const lease = "lease" in state ? state.lease : undefined;
  const former = lease?.address ?? address;
  if (former === undefined) return select(clock);
  const since = begin(clock);
  const next: Asking = {
    name: "rebooting",
    ...since,
    wakeMs: backoff(0, clock),
    address: former,
    ...(lease ? { lease } : {}),
  };
  return { state: next, effects: [send(next, clock)] };
}

function select(clock: DhcpClock): Step {
  const state: Asking = { name: "selecting", ...begin(clock), wakeMs: backoff(0, clock) };
  return { state, effects: [send(state, clock)] };
}

function begin({ nowMs, random }: DhcpClock): Trying {
  const xid = Math.floor(random() * 2 ** 24);
  return { xid, attempt: 0, sinceMs: nowMs, wakeMs: nowMs };
}

function timer(state: DhcpState, clock: DhcpClock): Step {
  switch (state.name) {
    case "idle":
      return select(clock);
    case "selecting":
      return again(state, clock);
    case "requesting":
      return state.attempt + 1 < REQUEST_TRIES ? again(state, clock) : select(clock);
    case "rebooting":
      return state.attempt + 1 < REBOOT_TRIES
        ? again(state, clock)
        : rebootUnanswered(state, clock);
    case "checking":
      return take(state.granted);
    case "bound":
      return renew(state.lease, clock);
    case "renewing":
    case "rebinding":
      return renew(state.lease, clock, state);
  }
}

/** Sends once more and waits longer. */
function again<S extends Asking>(state: S, clock: DhcpClock): Step {
  const attempt = state.attempt + 1;
  const next = { ...state, attempt, wakeMs: backoff(attempt, clock) };
  const unanswered = state.name === "selecting" && attempt === FIRST_TRIES;
  return { state: next, effects: [send(next, clock), ...(unanswered ? [UNANSWERED] : [])] };
}

const UNANSWERED: DhcpEffect = { type: "unanswered" };

/** Silence is no refusal: a lease that still holds is kept (RFC 2131, 3.2). */
function rebootUnanswered(state: DhcpState & { name: "rebooting" }, clock: DhcpClock): Step {
  const { lease } = state;
  if (!lease) return select(clock);
  if (clock.nowMs >= lease.expiresAtMs) return lose(select(clock));
  return { state: bound(lease), effects: [] };
}

function take(lease: Lease): Step {
  return { state: bound(lease), effects: [{ type: "lease", lease }] };
}

function check(granted: Lease, { nowMs }: DhcpClock): Step {
  const state: DhcpState = { name: "checking", wakeMs: nowMs + CHECK_MS, granted };
  return { state, effects: [{ type: "check", address: granted.address }] };
}

function conflict(state: DhcpState, clock: DhcpClock): Step {
  if (state.name === "checking") return decline(state.granted, clock);
  return "lease" in state && state.lease
    ? lose(decline(state.lease, clock))
    : { state, effects: [] };
}

/** The server must not give the address to the next one either. */
function decline({ address, server }: Lease, clock: DhcpClock): Step {
  const { xid } = begin(clock);
  const wakeMs = clock.nowMs + DECLINED_DELAY_MS * (1 + clock.random() / 2);
  return {
    state: { name: "idle", wakeMs },
    effects: [{ type: "send", message: { ask: "decline", address, server, xid, secs: 0 } }],
  };
}

function bound(lease: Lease): DhcpState {
  return { name: "bound", lease, wakeMs: lease.renewAtMs };
}

function renew(lease: Lease, clock: DhcpClock, former?: Trying): Step {
  const { nowMs, random } = clock;
  if (nowMs >= lease.expiresAtMs) return lose(select(clock));
  const name = nowMs < lease.rebindAtMs ? "renewing" : "rebinding";
  const endMs = name === "renewing" ? lease.rebindAtMs : lease.expiresAtMs;
  // RFC 2131, 4.4.5: half of what remains.
  const wait = Math.max(MIN_RENEW_DELAY_MS, (endMs - nowMs) / 2) * (0.9 + random() * 0.2);
  const since = former ? { ...former, attempt: former.attempt + 1 } : begin(clock);
  const { xid, attempt, sinceMs } = since;
  const state: Asking = {
    name,
    lease,
    xid,
    attempt,
    sinceMs,
    wakeMs: Math.min(nowMs + wait, endMs),
  };
  return { state, effects: [send(state, clock)] };
}

function lose({ state, effects }: Step): Step {
  return { state, effects: [{ type: "lease", lease: undefined }, ...effects] };
}

function receive(state: DhcpState, answer: Answer, clock: DhcpClock): Step {
  const stays: Step = { state, effects: [] };
  if (!("xid" in state) || answer.xid !== state.xid) return stays;
  if (state.name === "selecting") {
    return answer.type === "offer" ? request(state, answer, clock) : stays;
  }
  switch (answer.type) {
    case "offer":
      return stays;
    case "refusal":
      return isFromAsked(state, answer.server) ? refused(state, clock) : stays;
    case "forgotten":
      return forgotten(state, answer.server, clock);
    case "grant":
      // Whoever asks for an address again had it, and answers for it.
      return state.name === "requesting" ? check(answer.lease, clock) : take(answer.lease);
  }
}

/** Another server on the link may refuse what the chosen one would grant. */
function isFromAsked(state: DhcpState, serverId: string | undefined): boolean {
  if (state.name === "requesting") return serverId === state.offer.server;
  if (state.name === "renewing") return serverId === undefined || serverId === state.lease.server;
  return true;
}

function request(
  { xid, sinceMs }: Trying,
  { address, server }: Offer,
  clock: DhcpClock,
): Step {
  const state: Asking = {
    name: "requesting",
    xid,
    sinceMs,
    attempt: 0,
    offer: { address, server },
    wakeMs: backoff(0, clock),
  };
  return { state, effects: [send(state, clock)] };
}

/** RFC 8415, 18.2.10.1: the address is kept, and requested; refused then, it is given up. */
function forgotten(state: Asking, server: string, clock: DhcpClock): Step {
  const { name, forgottenBy } = state;
  if (name === "selecting" || name === "requesting" || forgottenBy !== undefined) {
    return refused(state, clock);
  }
  const next: Asking = { ...state, xid: begin(clock).xid, forgottenBy: server };
  return { state: next, effects: [send(next, clock)] };
}

function refused(state: DhcpState, { nowMs, random }: DhcpClock): Step {
  const idle: DhcpState = { name: "idle", wakeMs: nowMs + REFUSED_DELAY_MS * (0.5 + random()) };
  return "lease" in state && state.lease
    ? lose({ state: idle, effects: [] })
    : { state: idle, effects: [] };
}

function release(state: DhcpState, clock: DhcpClock): Step {
  const lease = "lease" in state ? state.lease : undefined;
  if (!lease) return { state: IDLE, effects: [] };
  const { address, server } = lease;
  const message: Outgoing = { ask: "release", address, server, xid: begin(clock).xid, secs: 0 };
  // Sent first: once the lease is lost the address is gone from the link.
  return { state: IDLE, effects: [{ type: "send", message }, { type: "lease", lease: undefined }] };
}

/** 1, 2, 4 … 32 s, a quarter more or less, so that a rack of machines does not ask in step. */
function backoff(attempt: number, { nowMs, random }: DhcpClock): number {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** attempt, MAX_DELAY_MS);
  return nowMs + delay * (0.75 + random() * 0.5);
}

function send(state: Asking, { nowMs }: DhcpClock): DhcpEffect {
  const secs = Math.floor((nowMs - state.sinceMs) / 1_000);
  return { type: "send", message: { xid: state.xid, secs, ...question(state) } };
}

function question(state: Asking): Question {
  switch (state.name) {
    case "selecting":
      return { ask: "discover" };
    case "requesting":
      return { ask: "request", ...state.offer };
    case "rebooting":
      return askAgain(state, { ask: "reboot", address: state.address });
    case "renewing":
      return askAgain(state, {
        ask: "renew",
        address: state.lease.address,
        server: state.lease.server,
      });
    case "rebinding":
      return askAgain(state, { ask: "rebind", address: state.lease.address });
  }
}

function askAgain(
  { forgottenBy }: Trying,
  question: Question & { readonly address: string },
): Question {
  return forgottenBy === undefined
    ? question
    : { ask: "request", address: question.address, server: forgottenBy };
}
