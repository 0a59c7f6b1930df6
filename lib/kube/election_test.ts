import assert from "node:assert/strict";
import { type Clock, systemClock } from "$lib/clock/mod.ts";
import { Election, type ElectionOptions } from "./election.ts";
import { KubeError } from "./error.ts";

/** A lease in an API server of the test, which refuses what was made from an older version of it. */
class LeaseServer {
  // deno-lint-ignore no-explicit-any
  lease: any;
  away = false;
  #version = 0;

  put(spec: object): void {
    this.lease = { metadata: { resourceVersion: String(++this.#version) }, spec };
  }

  get kube(): ElectionOptions["kube"] {
    const answer = <T>(work: () => T): Promise<T> =>
      this.away ? Promise.reject(new Error("no route to host")) : Promise.resolve(work());
    return {
      find: () => answer(() => structuredClone(this.lease)),
      create: (_type, _place, { spec }: never) => answer(() => this.put(spec) as never),
      patch: (_type, _place, { metadata, spec }: never) => {
        if ((metadata as { resourceVersion: string }).resourceVersion !== String(this.#version)) {
          return Promise.reject(new KubeError(409, "Conflict", "another has written"));
        }
        return answer(() => this.put({ ...this.lease.spec, ...spec as object }) as never);
      },
    };
  }
}

/** A clock on which waiting takes no time; `each` is called after every wait. */
function quickClock(each: (now: number) => void): Clock {
  let now = Date.parse("2026-01-05T12:00:00Z");
  return {
    ...systemClock,
    now: () => now,
    monotonic: () => now,
    sleep: async (ms) => {
      now += ms;
      each(now);
      // Others have their turn.
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  };
}

const NAMES = { namespace: "talos-system", name: "lease", identity: "me" };
const TIMES = { durationMs: 60_000, periodMs: 5_000 };

Deno.test("Election takes a lease that nobody renewed for its duration, whatever its times say", async () => {
  const server = new LeaseServer();
  // The holder's clock is a day ahead.
  const renewTime = "2026-01-06T12:00:00.000000Z";
  server.put({ holderIdentity: "other", leaseDurationSeconds: 30, renewTime, leaseTransitions: 4 });
  const start = Date.parse("2026-01-05T12:00:00Z");
  const clock = quickClock(() => {});
  const over = new AbortController();
  const election = new Election({ ...NAMES, ...TIMES, kube: server.kube, log: () => {}, clock });
  await election.hold(over.signal, () => {
    const waitedMs = clock.monotonic() - start;
    assert.ok(waitedMs > 30_000 && waitedMs <= 40_000, `${waitedMs}`);
    assert.equal(server.lease.spec.holderIdentity, "me");
    assert.equal(server.lease.spec.leaseTransitions, 5);
    over.abort();
    return Promise.resolve();
  });
  assert.equal(server.lease.spec.holderIdentity, "");
});

Deno.test("Election leaves a lease alone that is renewed", async () => {
  const server = new LeaseServer();
  const renew = () => server.put({ holderIdentity: "other", leaseDurationSeconds: 30 });
  renew();
  const over = new AbortController();
  let waits = 0;
  const clock = quickClock(() => {
    if (++waits % 5 === 0) renew();
    if (waits === 100) over.abort();
  });
  const said: string[] = [];
  const log = (line: string) => void said.push(line);
  const election = new Election({ ...NAMES, ...TIMES, kube: server.kube, log, clock });
  await election.hold(over.signal, () => assert.fail("it is held by another"));
  assert.deepEqual(said, ['waits for lease "lease", which other holds']);
});

Deno.test("Election tells that a lease is lost in time, however long calls take to fail", async () => {
  const server = new LeaseServer();
  const over = new AbortController();
  const clock = quickClock(() => {});
  let slow = false;
  const kube: ElectionOptions["kube"] = {
    ...server.kube,
    // Answers, but the call after it does not.
    patch: async (_type, _place, _patch, { timeoutMs = 0 } = {}) => {
      await clock.sleep(timeoutMs, over.signal);
      throw new Error("timed out");
    },
    find: async (type, place, options) => {
      if (slow) await clock.sleep(0.9 * (options?.timeoutMs ?? 0), over.signal);
      return await server.kube.find(type, place, options);
    },
  };
  const election = new Election({ ...NAMES, ...TIMES, kube, log: () => {}, clock });
  await election.hold(over.signal, async (held) => {
    const renewedAt = Date.parse(server.lease.spec.renewTime);
    slow = true;
    await new Promise<void>((resolve) => held.addEventListener("abort", () => resolve()));
    const afterMs = clock.monotonic() - renewedAt;
    assert.ok(afterMs >= TIMES.durationMs * 2 / 3 && afterMs < TIMES.durationMs, `${afterMs}`);
    over.abort();
  });
});

Deno.test("Election stops the work of who cannot renew before others may begin, and starts it again", async () => {
  const server = new LeaseServer();
  const over = new AbortController();
  const clock = quickClock(() => {});
  const said: string[] = [];
  const log = (line: string) => void said.push(line);
  const election = new Election({ ...NAMES, ...TIMES, kube: server.kube, log, clock });
  let terms = 0;
  await election.hold(over.signal, async (held) => {
    if (++terms === 2) return over.abort();
    const renewedAt = Date.parse(server.lease.spec.renewTime);
    server.away = true;
    await new Promise<void>((resolve) => held.addEventListener("abort", () => resolve()));
    assert.ok(clock.monotonic() - renewedAt < TIMES.durationMs);
    server.away = false;
  });
  assert.equal(terms, 2);
  assert.deepEqual(said, [
    ...['holds lease "lease"', "no route to host", 'lost lease "lease": it could not be renewed'],
    'holds lease "lease"',
  ]);
});
