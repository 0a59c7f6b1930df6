import assert from "node:assert/strict";
import {
  advance,
  type Answer,
  type DhcpEffect,
  type DhcpEvent,
  type DhcpState,
  IDLE,
} from "./dhcp_state.ts";
import { type Lease, leaseRoutes, type LeaseSeconds, leaseTimes } from "./lease.ts";

const SERVER = "10.5.0.1";
const ADDRESS = "10.5.0.50";

/** A client with a clock that the test turns; keeps what the client did. */
class World {
  state: DhcpState = IDLE;
  nowMs = 0;
  effects: DhcpEffect[] = [];
  #seed = 1;

  random = (): number => {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed / 2 ** 32;
  };

  /** One event; gives what it led to. */
  on(event: DhcpEvent): DhcpEffect[] {
    const { state, effects } = advance(this.state, event, this);
    this.state = state;
    this.effects.push(...effects);
    return [...effects];
  }

  /** Sleeps until the client wants to be woken, then wakes it. */
  wake(): DhcpEffect[] {
    this.nowMs = Math.max(this.nowMs, this.state.wakeMs);
    return this.on({ type: "timer" });
  }

  offer(xid = this.xid): DhcpEffect[] {
    return this.#answer({ type: "offer", xid, address: ADDRESS, server: SERVER });
  }

  grant(seconds: LeaseSeconds = { leaseSeconds: 3600 }, xid = this.xid): DhcpEffect[] {
    const lease = { ...LEASE, ...leaseTimes(seconds, this.nowMs) };
    return this.#answer({ type: "grant", xid, lease });
  }

  refuse(server?: string): DhcpEffect[] {
    return this.#answer({ type: "refusal", xid: this.xid, ...(server ? { server } : {}) });
  }

  forget(server: string): DhcpEffect[] {
    return this.#answer({ type: "forgotten", xid: this.xid, server });
  }

  #answer(answer: Answer): DhcpEffect[] {
    return this.on({ type: "answer", answer });
  }

  get name(): string {
    return this.state.name;
  }

  get xid(): number {
    return "xid" in this.state ? this.state.xid : -1;
  }

  bind(seconds?: LeaseSeconds): DhcpEffect[] {
    this.on({ type: "start" });
    this.offer();
    return [...this.grant(seconds), ...this.wake()];
  }

  get address(): string | undefined {
    const last = this.effects.findLast((effect) => effect.type === "lease");
    return last?.type === "lease" ? last.lease?.address : undefined;
  }
}

const LEASE: Lease = {
  address: ADDRESS,
  prefix: 24,
  server: SERVER,
  routers: [],
  routes: [],
  dns: [],
  domains: [],
  ...leaseTimes({ leaseSeconds: 3600 }, 0),
};

/** The messages that are sent, without transaction id and age. */
function sent(effects: readonly DhcpEffect[]) {
  return effects.flatMap((effect) => {
    if (effect.type !== "send") return [];
    const { xid: _xid, secs: _secs, ...question } = effect.message;
    return [question];
  });
}

Deno.test("advance() discovers, requests what was offered and is bound", () => {
  const world = new World();
  assert.deepEqual(sent(world.on({ type: "start" })), [{ ask: "discover" }]);
  const first = world.xid;
  const requests = sent(world.offer());
  assert.deepEqual(requests, [{ ask: "request", address: ADDRESS, server: SERVER }]);
  assert.equal(world.xid, first);
  assert.ok(first >= 0 && first < 2 ** 24, "DHCPv6 has room for 24 bits");
  assert.deepEqual(world.grant(), [{ type: "check", address: ADDRESS }]);
  assert.equal(world.address, undefined, "somebody else may have it");
  world.wake();
  assert.equal(world.nowMs, 300);
  assert.equal(world.address, ADDRESS);
  assert.deepEqual([world.name, world.state.wakeMs], ["bound", 1_800_000]);
});

Deno.test("advance() goes on discovering for ever, slower and slower, and says so once", () => {
  const world = new World();
  world.on({ type: "start" });
  const gaps: number[] = [];
  for (let tries = 0; tries < 200; tries++) {
    const before = world.nowMs;
    assert.equal(sent(world.wake()).length, 1);
    gaps.push(world.nowMs - before);
  }
  assert.ok(gaps.every((gap, at) => gap >= 0.75 * Math.min(1_000 * 2 ** at, 32_000)));
  assert.ok(gaps.every((gap) => gap <= 40_000));
  assert.ok(new Set(gaps.slice(10).map(Math.round)).size > 100, "the delays have no jitter");
  const unanswered = world.effects.findIndex(({ type }) => type === "unanswered");
  assert.equal(world.effects.filter(({ type }) => type === "unanswered").length, 1);
  assert.equal(unanswered, 4);
});

Deno.test("advance() gives up the first tries within ten seconds", () => {
  for (let seed = 0; seed < 50; seed++) {
    const world = new World();
    for (let skip = 0; skip < seed; skip++) world.random();
    world.on({ type: "start" });
    while (!world.wake().some(({ type }) => type === "unanswered"));
    assert.ok(world.nowMs < 10_000, `${world.nowMs} ms`);
  }
});

Deno.test("advance() takes a server that answers after five minutes at once", () => {
  const world = new World();
  world.on({ type: "start" });
  while (world.nowMs < 300_000) world.wake();
  world.offer();
  world.grant();
  world.wake();
  assert.equal(world.address, ADDRESS);
});

Deno.test("advance() declines an address that another host has, and asks anew after ten seconds", () => {
  const world = new World();
  world.on({ type: "start" });
  world.offer();
  world.grant();
  assert.deepEqual(sent(world.on({ type: "conflict" })), [
    { ask: "decline", address: ADDRESS, server: SERVER },
  ]);
  assert.equal(world.address, undefined);
  assert.deepEqual(sent(world.wake()), [{ ask: "discover" }]);
  assert.ok(world.nowMs >= 10_000 && world.nowMs <= 15_000);
  assert.deepEqual(world.on({ type: "conflict" }), [], "nothing is being checked");
});

Deno.test("advance() declines an address in use that turns out to be another host's", () => {
  const world = new World();
  world.bind();
  const effects = world.on({ type: "conflict" });
  assert.deepEqual(sent(effects), [{ ask: "decline", address: ADDRESS, server: SERVER }]);
  assert.equal(world.address, undefined);
  assert.ok(world.state.wakeMs - world.nowMs >= 10_000);
});

Deno.test("advance() begins anew when the server that offered stays silent", () => {
  const world = new World();
  world.on({ type: "start" });
  world.offer();
  const first = world.xid;
  for (let tries = 0; tries < 4; tries++) world.wake();
  assert.equal(world.name, "selecting");
  assert.notEqual(world.xid, first);
});

Deno.test("advance() waits before it begins anew after a refusal", () => {
  const world = new World();
  world.on({ type: "start" });
  world.offer();
  assert.deepEqual(world.refuse("10.5.0.9"), []);
  assert.equal(world.name, "requesting");
  world.refuse(SERVER);
  assert.equal(world.name, "idle");
  assert.ok(world.state.wakeMs - world.nowMs >= 1_500);
  assert.deepEqual(sent(world.wake()), [{ ask: "discover" }]);
});

Deno.test("advance() ignores answers to others, and those to what it did not ask", () => {
  const world = new World();
  world.on({ type: "start" });
  assert.deepEqual(world.offer(world.xid ^ 1), []);
  assert.deepEqual(world.grant(), []);
  assert.deepEqual(world.refuse(), []);
  world.offer();
  assert.deepEqual(world.offer(), []);
  assert.deepEqual(world.grant(undefined, world.xid ^ 1), []);
  assert.equal(world.address, undefined);
});

Deno.test("advance() renews at half the lease with the server that gave it", () => {
  const world = new World();
  world.bind();
  const requests = sent(world.wake());
  assert.equal(world.nowMs, 1_800_000);
  assert.deepEqual(requests, [{ ask: "renew", address: ADDRESS, server: SERVER }]);
  world.grant();
  assert.equal(world.name, "bound");
  assert.equal(world.state.wakeMs, world.nowMs + 1_800_000);
});

Deno.test("advance() asks every server from T2 on, and drops the address when the lease ends", () => {
  const world = new World();
  world.bind();
  const names: string[] = [];
  while (world.address !== undefined) {
    const effects = world.wake();
    names.push(world.name);
    if (world.name === "rebinding") assert.equal(sent(effects)[0]?.ask, "rebind");
  }
  assert.equal(world.nowMs, 3_600_000);
  assert.deepEqual([...new Set(names)], ["renewing", "rebinding", "selecting"]);
  assert.ok(names.length > 6 && names.length < 40, `${names.length} tries`);
});

Deno.test("advance() drops the address at once when a renewal is refused", () => {
  const world = new World();
  world.bind();
  world.wake();
  world.refuse(SERVER);
  assert.equal(world.address, undefined);
  assert.equal(world.name, "idle");
});

Deno.test("advance() requests an address anew of a server that forgot it, and keeps it meanwhile", () => {
  const other = "10.5.0.2";
  for (const end of ["granted", "refused", "forgotten"]) {
    const world = new World();
    world.bind();
    world.wake();
    const first = world.xid;
    const requests = sent(world.forget(other));
    assert.deepEqual(requests, [{ ask: "request", address: ADDRESS, server: other }]);
    assert.notEqual(world.xid, first, "a late answer to the first question is not heard");
    assert.deepEqual([world.name, world.address], ["renewing", ADDRESS]);
    if (end === "granted") world.grant();
    else if (end === "refused") world.refuse(SERVER);
    else world.forget(other);
    assert.deepEqual(
      [world.name, world.address],
      end === "granted" ? ["bound", ADDRESS] : ["idle", undefined],
    );
  }
  // Unanswered, it goes on as before and loses the address with its lease.
  const world = new World();
  world.bind();
  world.wake();
  world.forget(other);
  assert.deepEqual(sent(world.wake()), [{ ask: "renew", address: ADDRESS, server: SERVER }]);
  while (world.address !== undefined) world.wake();
  assert.equal(world.nowMs, 3_600_000);
});

Deno.test("advance() asks for the former address first when a link comes back", () => {
  const world = new World();
  world.bind();
  world.nowMs = 60_000;
  assert.deepEqual(sent(world.on({ type: "start" })), [{ ask: "reboot", address: ADDRESS }]);
  // Silence keeps the lease with its old times.
  world.wake();
  world.wake();
  assert.deepEqual([world.name, world.state.wakeMs], ["bound", 1_800_000]);
  // A refusal, as after a move to another network, drops it.
  world.on({ type: "start" });
  world.refuse();
  assert.equal(world.address, undefined);
});

Deno.test("advance() asks for an address the link still has from before, then for any", () => {
  const world = new World();
  const requests = sent(world.on({ type: "start", address: "10.5.0.77" }));
  assert.deepEqual(requests, [{ ask: "reboot", address: "10.5.0.77" }]);
  world.wake();
  assert.deepEqual(sent(world.wake()), [{ ask: "discover" }]);
});

Deno.test("advance() gives the address back on release, before it drops it", () => {
  const world = new World();
  world.bind();
  const effects = world.on({ type: "release" });
  assert.deepEqual(effects.map(({ type }) => type), ["send", "lease"]);
  assert.deepEqual(sent(effects), [{ ask: "release", address: ADDRESS, server: SERVER }]);
  assert.equal(world.state.wakeMs, Infinity);
});

Deno.test("advance() never wakes for a lease without end", () => {
  const world = new World();
  world.bind({ leaseSeconds: 0xffffffff });
  assert.equal(world.state.wakeMs, Infinity);
});

Deno.test("leaseTimes() renews no sooner than after five seconds, whatever the server says", () => {
  const times = (seconds: LeaseSeconds) => {
    const { renewAtMs, rebindAtMs, expiresAtMs } = leaseTimes(seconds, 0);
    return [renewAtMs, rebindAtMs, expiresAtMs];
  };
  assert.deepEqual(times({ leaseSeconds: 2 }), [5_000, 8_750, 10_000]);
  assert.deepEqual(times({ leaseSeconds: 100, renewSeconds: 1 }), [50_000, 87_500, 100_000]);
  assert.deepEqual(
    times({ leaseSeconds: 100, renewSeconds: 95, rebindSeconds: 90 }),
    [50_000, 90_000, 100_000],
  );
  assert.deepEqual(
    times({ leaseSeconds: 100, renewSeconds: 20, rebindSeconds: 60 }),
    [20_000, 60_000, 100_000],
  );
});

Deno.test("leaseRoutes() obeys option 121 alone when it is there", () => {
  const routers = [SERVER];
  assert.deepEqual(leaseRoutes({ ...LEASE, routers }), [
    { address: "0.0.0.0", prefix: 0, gateway: SERVER },
  ]);
  const routes = [{ address: "10.8.1.0", prefix: 16, gateway: "10.5.0.9" }];
  assert.deepEqual(leaseRoutes({ ...LEASE, routers, routes }), [{
    address: "10.8.0.0",
    prefix: 16,
    gateway: "10.5.0.9",
  }]);
});
