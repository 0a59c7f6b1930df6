import assert from "node:assert/strict";
import { ClockFilter } from "./clock_filter.ts";
import { agree } from "./select.ts";
import { type Measurement, RefusedError } from "./sntp.ts";
import { Sources } from "./sources.ts";

const MS = 1_000_000n;

function said(address: string, offsetMs: number, roundTripMs = 20): Measurement {
  return {
    server: address,
    address,
    stratum: 2,
    offsetNs: BigInt(Math.round(offsetMs * 1e6)),
    roundTripNs: BigInt(roundTripMs) * MS,
    rootDistanceNs: 0n,
    localNs: 0n,
  };
}

/** Who is heeded, or nothing without a majority; offsets in milliseconds. */
function heeded(...offsets: number[]): string | undefined {
  const names = offsets.map((offset, at) => said("abcdefgh"[at] ?? "", offset));
  return agree(names)?.heeded.map(({ address }) => address).sort().join("");
}

Deno.test("agree() heeds those of whom more than half agree", () => {
  assert.equal(heeded(), undefined);
  assert.equal(heeded(7), "a");
  assert.equal(heeded(1, 2), "ab");
  assert.equal(heeded(1, 3_600_000), undefined);
  assert.equal(heeded(1, 3_600_000, 2), "ac");
  assert.equal(heeded(1, 2, 3, 3_600_000), "abc");
  assert.equal(heeded(-3_600_000, 2, 3, 4), "bcd");
  assert.equal(heeded(1, 2, 3_600_000, 3_600_001), undefined, "two against two");
  assert.equal(heeded(1, 2, 3, 900, -900), "abc");
  assert.equal(heeded(1, 500, 1_000, 1_500), undefined, "everyone says something else");
});

Deno.test("agree() believes the near server more than the far one", () => {
  const together = agree([said("far", 40, 100), said("near", 0, 10)]);
  assert.deepEqual(together?.heeded.map(({ address }) => address), ["near", "far"]);
  assert.ok(together && together.offsetNs > 0n && together.offsetNs < 5n * MS);
  assert.equal(together?.errorNs, 5n * MS);
});

Deno.test("agree() rejects whatever minority lies, for many seeds", () => {
  let state = 7;
  const random = () => (state = Math.imul(state, 1664525) + 1013904223 >>> 0) / 2 ** 32;
  for (let round = 0; round < 2_000; round++) {
    const honest = 3 + Math.floor(random() * 5);
    const liars = Math.floor(random() * Math.ceil(honest / 2));
    const all = [
      ...Array.from({ length: honest }, (_, at) => said(`good${at}`, 5 * (random() - 0.5))),
      ...Array.from(
        { length: liars },
        (_, at) => said(`bad${at}`, (random() < 0.5 ? -1 : 1) * (100 + random() * 1e7)),
      ),
    ].sort(() => random() - 0.5);
    const found = agree(all);
    assert.ok(found, `${honest} honest, ${liars} liars`);
    assert.equal(found.heeded.length, honest);
    assert.ok(found.rejected.every(({ address }) => address.startsWith("bad")));
    assert.ok(found.offsetNs > -3n * MS && found.offsetNs < 3n * MS);
  }
});

Deno.test("ClockFilter passes over a measurement that was long on its way", () => {
  const filter = new ClockFilter();
  const at = (seconds: number, correctedMs = 0) => ({
    monotonicNs: BigInt(seconds) * 1_000_000_000n,
    correctedNs: BigInt(correctedMs) * MS,
  });
  assert.equal(filter.best(said("a", 1, 10), at(0)).offsetNs, MS);
  assert.equal(filter.best(said("a", 90, 200), at(64)).offsetNs, MS);
  assert.equal(filter.best(said("b", 90, 200), at(64)).offsetNs, 90n * MS, "another server");
  assert.equal(filter.best(said("a", 90, 200), at(65, 1)).offsetNs, 0n, "what was corrected");
  // Two hours later the old one is worth less than the one that took long.
  assert.equal(filter.best(said("a", 90, 200), at(7_200, 1)).offsetNs, 90n * MS);
  filter.clear();
  assert.equal(filter.best(said("a", 5, 900), at(7_201, 1)).offsetNs, 5n * MS);
});

Deno.test("ClockFilter takes from an old measurement only what was corrected by now", () => {
  const filter = new ClockFilter();
  assert.equal(
    filter.best(said("a", 100, 1), { monotonicNs: 0n, correctedNs: 0n }).offsetNs,
    100n * MS,
  );
  // A third of the slew is done: an answer as quick as the first counts, one that was long does not.
  const later = { monotonicNs: 100_000_000_000n, correctedNs: 32n * MS };
  assert.equal(filter.best(said("a", 90, 400), later).offsetNs, 68n * MS);
  assert.equal(filter.best(said("a", 67, 1), later).offsetNs, 67n * MS);
});

/** Two servers, one of them a name for many, with answers that the test decides. */
class World {
  monotonicNs = 0n;
  asked: string[] = [];
  answer = (address: string): Measurement => said(address, 0);
  readonly sources = new Sources(["pool", "10.0.0.9"], {
    resolve: (server) =>
      Promise.resolve(server === "pool" ? ["1", "2", "3", "4", "5", "6"] : [server]),
    query: (_server, address) => {
      this.asked.push(address);
      return new Promise((resolve) => resolve(this.answer(address)));
    },
    monotonicNs: () => this.monotonicNs,
  });

  async ask() {
    this.asked = [];
    return await this.sources.ask(new AbortController().signal);
  }
}

Deno.test("Sources asks four addresses of a name, and goes on without those that fail", async () => {
  const world = new World();
  world.answer = (address) => {
    if (address === "2") throw new Error("gone");
    return said(address, 0);
  };
  const { measurements, errors } = await world.ask();
  assert.deepEqual(world.asked, ["1", "2", "3", "4", "10.0.0.9"]);
  assert.deepEqual([measurements.length, errors.length], [4, 1]);
});

Deno.test("Sources leaves alone who asks for it: longer each time, a day after DENY", async () => {
  const world = new World();
  world.answer = (address) => {
    if (address === "1") throw new RefusedError("pool", "RATE");
    if (address === "2") throw new RefusedError("pool", "DENY");
    return said(address, 0);
  };
  const asksAt = async (seconds: number) => {
    world.monotonicNs = BigInt(seconds) * 1_000_000_000n;
    await world.ask();
    return world.asked.filter((address) => address === "1" || address === "2").join();
  };
  assert.equal(await asksAt(0), "1,2");
  assert.equal(await asksAt(1_023), "");
  assert.equal(await asksAt(1_025), "1");
  assert.equal(await asksAt(1_025 + 2_047), "");
  assert.equal(await asksAt(1_025 + 2_049), "1");
  assert.equal(await asksAt(86_401), "1,2");
});

Deno.test("Sources says so when everyone wants to be left alone", async () => {
  const world = new World();
  world.answer = () => {
    throw new RefusedError("x", "DENY");
  };
  await world.ask();
  const { measurements, errors } = await world.ask();
  assert.deepEqual([world.asked, measurements], [[], []]);
  assert.match(String(errors[0]), /Cannot ask time server "pool": it asked to be left alone/);
});
