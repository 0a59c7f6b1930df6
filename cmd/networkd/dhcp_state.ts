import { DHCP4_TYPE, type Dhcp4Message, type Dhcp4Options } from "$lib/codec/mod.ts";
import { isHostAddress, type Lease, leaseOf } from "./lease.ts";

/** Where a client stands in the exchange of RFC 2131; `wakeMs` is when it acts next by itself. */
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
}

interface Offer {
  readonly address: string;
  readonly server: string;
}

/** What happens to a client from outside. */
export type DhcpEvent =
  /** The link came up; `address` is one it had before, which is asked for first. */
  | { readonly type: "start"; readonly address?: string }
  | { readonly type: "timer" }
  | { readonly type: "message"; readonly message: Dhcp4Message }
  /** Another host has the address that is being checked. */
  | { readonly type: "conflict" }
  /** The link must not use DHCP any more: give the address back. */
  | { readonly type: "release" };

/** What a client wants done, in order. */
export type DhcpEffect =
  | { readonly type: "send"; readonly message: Outgoing }
  | { readonly type: "lease"; readonly lease: Lease | undefined }
  /** Look for others that have the address. */
  | { readonly type: "check"; readonly address: string }
  /** No server answered the first tries; they go on. */
  | { readonly type: "unanswered" };

/** A message to send: to everyone on the link, or to one server from the leased address. */
export interface Outgoing {
  readonly to: "everyone" | { readonly server: string; readonly from: string };
  readonly xid: number;
  readonly secs: number;
  readonly clientIp: string;
  readonly options: Dhcp4Options;
}

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
    case "message":
      return receive(state, event.message, clock);
    case "conflict":
      return state.name === "checking" ? decline(state.granted, clock) : { state, effects: [] };
    case "release":
      return release(state, clock);
  }
}

function start(state: DhcpState, address: string | undefined, clock: DhcpClock): Step {
  const lease = "lease" in state ? state.lease : undefined;
  const former = lease?.address ?? address;
  if (former === undefined) return select(clock);
  const since = begin(clock);
  const next: DhcpState = {
    name: "rebooting",
    ...since,
    wakeMs: backoff(0, clock),
    address: former,
    ...(lease ? { lease } : {}),
  };
  return { state: next, effects: [send(next, clock)] };
}

function select(clock: DhcpClock): Step {
  const state: DhcpState = { name: "selecting", ...begin(clock), wakeMs: backoff(0, clock) };
  return { state, effects: [send(state, clock)] };
}

function begin({ nowMs, random }: DhcpClock): Trying {
  const xid = Math.floor(random() * 2 ** 32);
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
function again<S extends DhcpState & Trying>(state: S, clock: DhcpClock): Step {
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

/** The server must not give the address to the next one either. */
function decline({ address, server }: Lease, clock: DhcpClock): Step {
  const message: Outgoing = {
    to: "everyone",
    xid: begin(clock).xid,
    secs: 0,
    clientIp: "0.0.0.0",
    options: { type: DHCP4_TYPE.DECLINE, requestedIp: address, serverId: server },
  };
  const wakeMs = clock.nowMs + DECLINED_DELAY_MS * (1 + clock.random() / 2);
  return { state: { name: "idle", wakeMs }, effects: [{ type: "send", message }] };
}

function bound(lease: Lease): DhcpState {
  return { name: "bound", lease, wakeMs: lease.renewAtMs };
}

function renew(lease: Lease, clock: DhcpClock, former?: DhcpState & Trying): Step {
  const { nowMs, random } = clock;
  if (nowMs >= lease.expiresAtMs) return lose(select(clock));
  const name = nowMs < lease.rebindAtMs ? "renewing" : "rebinding";
  const endMs = name === "renewing" ? lease.rebindAtMs : lease.expiresAtMs;
  // RFC 2131, 4.4.5: half of what remains.
  const wait = Math.max(MIN_RENEW_DELAY_MS, (endMs - nowMs) / 2) * (0.9 + random() * 0.2);
  const since = former ? { ...former, attempt: former.attempt + 1 } : begin(clock);
  const { xid, attempt, sinceMs } = since;
  const state: DhcpState = {
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

function receive(state: DhcpState, message: Dhcp4Message, clock: DhcpClock): Step {
  const stays: Step = { state, effects: [] };
  if (!("xid" in state) || message.op !== "reply" || message.xid !== state.xid) return stays;
  const { type, serverId } = message.options;
  if (state.name === "selecting") {
    if (type !== DHCP4_TYPE.OFFER || serverId === undefined) return stays;
    if (!isHostAddress(message.yourIp)) return stays;
    return request(state, { address: message.yourIp, server: serverId }, clock);
  }
  if (type === DHCP4_TYPE.NAK) return isFromAsked(state, serverId) ? refused(state, clock) : stays;
  if (type !== DHCP4_TYPE.ACK) return stays;
  const lease = leaseOf(message, clock.nowMs);
  if (!lease) return stays;
  // Whoever asks for an address again had it, and answers for it.
  return state.name === "requesting" ? check(lease, clock) : take(lease);
}

/** Another server on the link may refuse what the chosen one would grant. */
function isFromAsked(state: DhcpState, serverId: string | undefined): boolean {
  if (state.name === "requesting") return serverId === state.offer.server;
  if (state.name === "renewing") return serverId === undefined || serverId === state.lease.server;
  return true;
}

function request(
  { xid, sinceMs }: Trying,
  offer: Offer,
  clock: DhcpClock,
): Step {
  const state: DhcpState = {
    name: "requesting",
    xid,
    sinceMs,
    attempt: 0,
    offer,
    wakeMs: backoff(0, clock),
  };
  return { state, effects: [send(state, clock)] };
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
  const message: Outgoing = {
    to: { server: lease.server, from: lease.address },
    xid: begin(clock).xid,
    secs: 0,
    clientIp: lease.address,
    options: { type: DHCP4_TYPE.RELEASE, serverId: lease.server },
  };
  // Sent first: once the lease is lost the address is gone from the link.
  return { state: IDLE, effects: [{ type: "send", message }, { type: "lease", lease: undefined }] };
}

/** 1, 2, 4 … 32 s, a quarter more or less, so that a rack of machines does not ask in step. */
function backoff(attempt: number, { nowMs, random }: DhcpClock): number {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** attempt, MAX_DELAY_MS);
  return nowMs + delay * (0.75 + random() * 0.5);
}

function send(state: DhcpState & Trying, { nowMs }: DhcpClock): DhcpEffect {
  const secs = Math.floor((nowMs - state.sinceMs) / 1_000);
  return { type: "send", message: { xid: state.xid, secs, ...question(state) } };
}

/** What each state asks: RFC 2131, table 5. */
function question(state: DhcpState): Pick<Outgoing, "to" | "clientIp" | "options"> {
  const REQUEST = DHCP4_TYPE.REQUEST;
  const unbound = { to: "everyone", clientIp: "0.0.0.0" } as const;
  switch (state.name) {
    case "requesting": {
      const { address, server } = state.offer;
      return { ...unbound, options: { type: REQUEST, requestedIp: address, serverId: server } };
    }
    case "rebooting":
      return { ...unbound, options: { type: REQUEST, requestedIp: state.address } };
    case "renewing": {
      const { address, server } = state.lease;
      return { to: { server, from: address }, clientIp: address, options: { type: REQUEST } };
    }
    case "rebinding":
      return { to: "everyone", clientIp: state.lease.address, options: { type: REQUEST } };
    default:
      return { ...unbound, options: { type: DHCP4_TYPE.DISCOVER } };
  }
}
