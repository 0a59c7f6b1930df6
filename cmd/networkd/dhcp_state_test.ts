import assert from "node:assert/strict";
import { DHCP4_TYPE, type Dhcp4Message, type Dhcp4Options } from "$lib/codec/mod.ts";
import { advance, type DhcpEffect, type DhcpEvent, type DhcpState, IDLE } from "./dhcp_state.ts";
import { leaseOf, leaseRoutes } from "./lease.ts";

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

  answer(options: Dhcp4Options, yourIp = "10.5.0.50", xid = this.xid): DhcpEffect[] {
    const message: Dhcp4Message = {
      op: "reply",
      xid,
      secs: 0,
      broadcastReply: false,
      clientIp: "0.0.0.0",
      yourIp,
      relayIp: "0.0.0.0",
      mac: "52:54:00:12:34:56",
      options,
    };
    return this.on({ type: "message", message });
  }

  get name(): string {
    return this.state.name;
  }

  get xid(): number {
    return "xid" in this.state ? this.state.xid : -1;
  }

  bind(options: Dhcp4Options = {}): DhcpEffect[] {
    this.on({ type: "start" });
    this.answer({ type: DHCP4_TYPE.OFFER, serverId: "10.5.0.1" });
    return [...this.answer({ ...ACK, ...options }), ...this.wake()];
  }

  get address(): string | undefined {
    const last = this.effects.findLast((effect) => effect.type === "lease");
    return last?.type === "lease" ? last.lease?.address : undefined;
  }
}

const ACK: Dhcp4Options = {
  type: DHCP4_TYPE.ACK,
  serverId: "10.5.0.1",
  leaseSeconds: 3600,
  prefix: 24,
};

function sent(effects: readonly DhcpEffect[]) {
  return effects.flatMap((effect) => effect.type === "send" ? [effect.message] : []);
}

Deno.test("advance() discovers, requests what was offered and is bound", () => {
  const world = new World();
  const [discover] = sent(world.on({ type: "start" }));
  assert.deepEqual([discover?.to, discover?.options], ["everyone", { type: DHCP4_TYPE.DISCOVER }]);
  const [request] = sent(world.answer({ type: DHCP4_TYPE.OFFER, serverId: "10.5.0.1" }));
  assert.equal(request?.xid, discover?.xid);
  assert.deepEqual(request?.options, {
    type: DHCP4_TYPE.REQUEST,
    requestedIp: "10.5.0.50",
    serverId: "10.5.0.1",
  });
  assert.deepEqual(world.answer(ACK), [{ type: "check", address: "10.5.0.50" }]);
  assert.equal(world.address, undefined, "somebody else may have it");
  world.wake();
  assert.equal(world.nowMs, 300);
  assert.equal(world.address, "10.5.0.50");
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
  world.answer({ type: DHCP4_TYPE.OFFER, serverId: "10.5.0.1" });
  world.answer(ACK);
  world.wake();
  assert.equal(world.address, "10.5.0.50");
});

Deno.test("advance() declines an address that another host has, and asks anew after ten seconds", () => {
  const world = new World();
  world.on({ type: "start" });
  world.answer({ type: DHCP4_TYPE.OFFER, serverId: "10.5.0.1" });
  world.answer(ACK);
  const [decline] = sent(world.on({ type: "conflict" }));
  assert.deepEqual([decline?.to, decline?.clientIp], ["everyone", "0.0.0.0"]);
  assert.deepEqual(decline?.options, {
    type: DHCP4_TYPE.DECLINE,
    requestedIp: "10.5.0.50",
    serverId: "10.5.0.1",
  });
  assert.equal(world.address, undefined);
  const [discover] = sent(world.wake());
  assert.equal(discover?.options.type, DHCP4_TYPE.DISCOVER);
  assert.ok(world.nowMs >= 10_000 && world.nowMs <= 15_000);
  assert.deepEqual(world.on({ type: "conflict" }), [], "nothing is being checked");
});

Deno.test("advance() begins anew when the server that offered stays silent", () => {
  const world = new World();
  world.on({ type: "start" });
  world.answer({ type: DHCP4_TYPE.OFFER, serverId: "10.5.0.1" });
  const first = world.xid;
  for (let tries = 0; tries < 4; tries++) world.wake();
  assert.equal(world.name, "selecting");
  assert.notEqual(world.xid, first);
});

Deno.test("advance() waits before it begins anew after a refusal", () => {
  const world = new World();
  world.on({ type: "start" });
  world.answer({ type: DHCP4_TYPE.OFFER, serverId: "10.5.0.1" });
  assert.deepEqual(world.answer({ type: DHCP4_TYPE.NAK, serverId: "10.5.0.9" }), []);
  assert.equal(world.name, "requesting");
  world.answer({ type: DHCP4_TYPE.NAK, serverId: "10.5.0.1" });
  assert.equal(world.name, "idle");
  assert.ok(world.state.wakeMs - world.nowMs >= 1_500);
  assert.equal(sent(world.wake())[0]?.options.type, DHCP4_TYPE.DISCOVER);
});

Deno.test("advance() ignores answers to others and addresses no host can have", () => {
  const world = new World();
  world.on({ type: "start" });
  const offer = { type: DHCP4_TYPE.OFFER, serverId: "10.5.0.1" };
  assert.deepEqual(world.answer(offer, "10.5.0.50", world.xid ^ 1), []);
  assert.deepEqual(world.answer({ type: DHCP4_TYPE.OFFER }), []);
  for (const address of ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"]) {
    assert.deepEqual(world.answer(offer, address), [], address);
  }
  world.answer(offer);
  for (const options of [{ ...ACK, leaseSeconds: 0 }, { type: ACK.type, leaseSeconds: 9 }]) {
    assert.deepEqual(world.answer(options as Dhcp4Options), []);
  }
  assert.equal(world.address, undefined);
});

Deno.test("advance() renews at half the lease with the server that gave it", () => {
  const world = new World();
  world.bind();
  const [request] = sent(world.wake());
  assert.equal(world.nowMs, 1_800_000);
  assert.deepEqual(request, {
    to: { server: "10.5.0.1", from: "10.5.0.50" },
    xid: request?.xid,
    secs: 0,
    clientIp: "10.5.0.50",
    options: { type: DHCP4_TYPE.REQUEST },
  });
  world.answer(ACK);
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
    if (world.name === "rebinding") assert.equal(sent(effects)[0]?.to, "everyone");
  }
  assert.equal(world.nowMs, 3_600_000);
  assert.deepEqual([...new Set(names)], ["renewing", "rebinding", "selecting"]);
  assert.ok(names.length > 6 && names.length < 40, `${names.length} tries`);
});

Deno.test("advance() drops the address at once when a renewal is refused", () => {
  const world = new World();
  world.bind();
  world.wake();
  world.answer({ type: DHCP4_TYPE.NAK, serverId: "10.5.0.1" });
  assert.equal(world.address, undefined);
  assert.equal(world.name, "idle");
});

Deno.test("advance() asks for the former address first when a link comes back", () => {
  const world = new World();
  world.bind();
  world.nowMs = 60_000;
  const [request] = sent(world.on({ type: "start" }));
  assert.deepEqual(request?.options, { type: DHCP4_TYPE.REQUEST, requestedIp: "10.5.0.50" });
  // Silence keeps the lease with its old times.
  world.wake();
  world.wake();
  assert.deepEqual([world.name, world.state.wakeMs], ["bound", 1_800_000]);
  // A refusal, as after a move to another network, drops it.
  world.on({ type: "start" });
  world.answer({ type: DHCP4_TYPE.NAK });
  assert.equal(world.address, undefined);
});

Deno.test("advance() asks for an address the link still has from before, then for any", () => {
  const world = new World();
  const [request] = sent(world.on({ type: "start", address: "10.5.0.77" }));
  assert.equal(request?.options.requestedIp, "10.5.0.77");
  world.wake();
  assert.equal(sent(world.wake())[0]?.options.type, DHCP4_TYPE.DISCOVER);
});

Deno.test("advance() gives the address back on release, before it drops it", () => {
  const world = new World();
  world.bind();
  const effects = world.on({ type: "release" });
  assert.deepEqual(effects.map(({ type }) => type), ["send", "lease"]);
  assert.deepEqual(sent(effects)[0]?.options, {
    type: DHCP4_TYPE.RELEASE,
    serverId: "10.5.0.1",
  });
  assert.equal(world.state.wakeMs, Infinity);
});

Deno.test("advance() never wakes for a lease without end", () => {
  const world = new World();
  world.bind({ leaseSeconds: 0xffffffff });
  assert.equal(world.state.wakeMs, Infinity);
});

Deno.test("leaseOf() renews no sooner than after five seconds, whatever the server says", () => {
  const times = (options: Dhcp4Options) => {
    const world = new World();
    world.bind(options);
    const { state } = world;
    assert.equal(state.name, "bound");
    return state.name === "bound"
      ? [state.lease.renewAtMs, state.lease.rebindAtMs, state.lease.expiresAtMs]
      : [];
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
  const lease = (options: Dhcp4Options) =>
    leaseOf({
      op: "reply",
      xid: 0,
      secs: 0,
      broadcastReply: false,
      clientIp: "0.0.0.0",
      yourIp: "10.5.0.50",
      relayIp: "0.0.0.0",
      mac: "52:54:00:12:34:56",
      options: { ...ACK, routers: ["10.5.0.1"], ...options },
    }, 0);
  const plain = lease({});
  assert.deepEqual(plain && leaseRoutes(plain), [
    { address: "0.0.0.0", prefix: 0, gateway: "10.5.0.1" },
  ]);
  const routes = [{ address: "10.8.1.0", prefix: 16, gateway: "10.5.0.9" }];
  const classless = lease({ routes });
  assert.deepEqual(classless && leaseRoutes(classless), [{
    address: "10.8.0.0",
    prefix: 16,
    gateway: "10.5.0.9",
  }]);
});
