import assert from "node:assert/strict";
import { correctionOf, pollDelayMs, retryDelayMs } from "./discipline.ts";
import { readSettings } from "./settings.ts";
import type { Measurement } from "./sntp.ts";
import { doubtDelayMs, doubtOf } from "./timeline.ts";
import { Timed } from "./timed.ts";

/** Records what is done to the clock and asked of servers. */
class World {
  readonly done: string[] = [];
  readonly asked: string[] = [];
  readonly logged: string[] = [];
  ready = 0;
  nowNs = 0n;
  answer: (server: string) => Promise<Measurement> = (server) =>
    Promise.resolve(measurement(server, 0n));
  readonly timed = new Timed({
    clock: {
      step: (offset) => void this.done.push(`step ${offset}`),
      slew: (offset) => void this.done.push(`slew ${offset}`),
      slewLeftNs: () => 0n,
      markSynchronized: (us) => void this.done.push(`right to ${us} us`),
      keepInHardware: () => void this.done.push("hardware"),
    },
    nowNs: () => this.nowNs,
    monotonicNs: () => this.nowNs,
    resolve: (server) => Promise.resolve([server]),
    query: (server) => {
      this.asked.push(server);
      return this.answer(server);
    },
    startServer: "pool.ntp.org",
    random: () => 0.5,
    log: (line) => void this.logged.push(line),
    onReady: () => void this.ready++,
  });
}

function measurement(server: string, offsetNs: bigint): Measurement {
  return {
    server,
    address: server,
    stratum: 2,
    offsetNs,
    roundTripNs: 2_000_000n,
    rootDistanceNs: 9_000_000n,
    localNs: 0n,
  };
}

/** What is said of a machine with a configuration that does not turn timed off. */
const ON = { disabled: false, configured: true };

async function turns(): Promise<void> {
  for (let turn = 0; turn < 60; turn++) await Promise.resolve();
}

Deno.test("Timed steps what is far off, slews the rest, and sets the hardware clock", async () => {
  const world = new World();
  world.answer = (server) => Promise.resolve(measurement(server, 500_000_000n));
  world.timed.configure({ servers: ["pool.ntp.org"], ...ON });
  await turns();
  assert.deepEqual(world.done, ["step 500000000", "right to 10001 us", "hardware"]);
  await world.timed.close();
});

Deno.test("Timed asks the default server once beside the configured one", async () => {
  const world = new World();
  world.answer = (server) =>
    server === "pool.ntp.org"
      ? Promise.reject(new Error("Cannot ask"))
      : Promise.resolve(measurement(server, 1_000n));
  world.timed.configure({ servers: ["ntp.example"], ...ON });
  await turns();
  assert.deepEqual(world.asked.sort(), ["ntp.example", "pool.ntp.org"]);
  assert.deepEqual(world.done, ["slew 1000", "right to 10001 us", "hardware"]);
  await world.timed.close();
});

Deno.test("Timed takes the default server's time only until the configured one answered", async () => {
  const world = new World();
  const late = Promise.withResolvers<Measurement>();
  world.answer = (server) =>
    server === "pool.ntp.org" ? late.promise : Promise.resolve(measurement(server, 1_000n));
  world.timed.configure({ servers: ["ntp.example"], ...ON });
  await turns();
  late.resolve(measurement("pool.ntp.org", 9_000_000_000n));
  await turns();
  assert.ok(!world.done.includes("step 9000000000"));
  await world.timed.close();
});

Deno.test("Timed asks anew where the default server's time stepped the clock meanwhile", async () => {
  const world = new World();
  const second = 1_000_000_000n;
  const slow = Promise.withResolvers<Measurement>();
  const answers = [slow.promise, Promise.resolve(measurement("ntp.example", 1_000n))];
  world.answer = (server) =>
    server === "pool.ntp.org"
      ? Promise.resolve(measurement(server, 3600n * second))
      : answers.shift()!;
  world.timed.configure({ servers: ["ntp.example"], ...ON });
  await turns();
  // Measured before the step: it says the hour that the clock is not behind any more.
  slow.resolve(measurement("ntp.example", 3600n * second));
  await turns();
  assert.deepEqual(
    world.done.filter((one) => one.startsWith("s")),
    [`step ${3600n * second}`, "slew 1000"],
  );
  await world.timed.close();
});

Deno.test("Timed asks the default server before there is a configuration, and is ready after it", async () => {
  const world = new World();
  const blank = { servers: ["pool.ntp.org"], disabled: false, configured: false };
  world.timed.configure(blank);
  await turns();
  assert.deepEqual([world.asked, world.done[0], world.ready], [["pool.ntp.org"], "slew 0", 0]);
  world.timed.configure({ ...blank, configured: true });
  assert.equal(world.ready, 1, "the servers of the configuration were asked already");
  await world.timed.close();
});

Deno.test("Timed that hears of the configuration before the default server asks both, and waits for its own", async () => {
  const world = new World();
  const own = Promise.withResolvers<Measurement>();
  const pool = [new Promise<Measurement>(() => {}), measurement("pool.ntp.org", 200_000_000n)];
  world.answer = (server) =>
    server === "pool.ntp.org" ? Promise.resolve(pool.shift()!) : own.promise;
  world.timed.configure({ servers: ["pool.ntp.org"], disabled: false, configured: false });
  await turns();
  world.timed.configure({ servers: ["ntp.example"], ...ON });
  await turns();
  assert.deepEqual(world.asked, ["pool.ntp.org", "ntp.example", "pool.ntp.org"]);
  assert.deepEqual([world.done[0], world.ready], ["step 200000000", 0]);
  own.reject(new Error("Cannot ask"));
  await turns();
  assert.equal(world.ready, 1);
  await world.timed.close();
});

Deno.test("Timed follows other servers at once, whatever the former ones said", async () => {
  const world = new World();
  world.timed.configure({ servers: ["pool.ntp.org"], ...ON });
  await turns();
  world.answer = (server) => Promise.resolve(measurement(server, 3600_000_000_000n));
  world.timed.configure({ servers: ["ntp.example"], ...ON });
  await turns();
  assert.ok(world.done.includes("step 3600000000000"), world.done.join());
  await world.timed.close();
});

Deno.test("Timed is ready after its first try though no server answers, and tries again", async () => {
  const world = new World();
  world.answer = () => Promise.reject(new Error("Cannot ask time server"));
  world.timed.configure({ servers: ["ntp.example"], ...ON });
  await turns();
  assert.equal(world.ready, 1);
  assert.deepEqual(world.done, []);
  await new Promise((resume) => setTimeout(resume, 1_200));
  assert.equal(world.asked.filter((server) => server === "ntp.example").length, 2);
  assert.equal(world.logged.length, 2, "one line for each server");
  await world.timed.close();
});

Deno.test("Timed that is disabled is ready, asks nobody, and can be turned on and off", async () => {
  const world = new World();
  world.timed.configure({ servers: ["a"], ...ON, disabled: true });
  await turns();
  assert.deepEqual([world.ready, world.asked, world.done], [1, [], []]);
  world.timed.configure({ servers: ["a"], ...ON });
  await turns();
  assert.deepEqual(world.asked, ["a"]);
  world.timed.configure({ servers: ["a"], ...ON, disabled: true });
  world.timed.configure({ servers: ["b"], ...ON });
  await turns();
  assert.deepEqual(world.asked, ["a", "b"]);
  await world.timed.close();
});

Deno.test("Timed goes over to another server at once, and stays with the same", async () => {
  const world = new World();
  world.timed.configure({ servers: ["pool.ntp.org"], ...ON });
  await turns();
  world.timed.configure({ servers: ["pool.ntp.org"], ...ON });
  await turns();
  assert.deepEqual(world.asked, ["pool.ntp.org"]);
  world.timed.configure({ servers: ["b"], ...ON });
  await turns();
  assert.deepEqual(world.asked, ["pool.ntp.org", "b"]);
  await world.timed.close();
});

Deno.test("Timed survives a clock that may not be set", async () => {
  const world = new World();
  const timed = new Timed({
    ...world.timed.deps,
    clock: {
      ...world.timed.deps.clock,
      slew: () => {
        throw new Error("adjtimex: EPERM");
      },
    },
  });
  timed.configure({ servers: ["a"], ...ON });
  await turns();
  assert.deepEqual([world.ready, world.done], [1, []]);
  assert.ok(world.logged.includes("adjtimex: EPERM"));
  await timed.close();
});

const HOUR_NS = 3_600_000_000_000n;
const FOUR = { servers: ["a", "b", "c", "d"], ...ON };

Deno.test("Timed outvotes one of four that lies by an hour, and says which", async () => {
  const world = new World();
  world.answer = (server) =>
    Promise.resolve(measurement(server, server === "c" ? HOUR_NS : 4_000n));
  world.timed.configure(FOUR);
  await turns();
  assert.deepEqual(world.done, ["slew 4000", "right to 10001 us", "hardware"]);
  assert.ok(world.logged.includes("c (c) is outvoted: 3600000.000 ms off"), world.logged.join());
  await world.timed.close();
});

Deno.test("Timed touches no clock while two servers contradict each other", async () => {
  const world = new World();
  world.answer = (server) =>
    server === "pool.ntp.org"
      ? Promise.reject(new Error("Cannot ask"))
      : Promise.resolve(measurement(server, server === "b" ? HOUR_NS : 0n));
  world.timed.configure({ servers: ["a", "b"], ...ON });
  await turns();
  assert.deepEqual([world.done, world.ready], [[], 1]);
  assert.match(world.logged.join(), /no majority among a \(a\) 0\.000 ms, b \(b\) 3600000\.000 ms/);
  await world.timed.close();
});

Deno.test("Timed corrects at once a clock that somebody set, and doubts a server that jumps", () => {
  const second = 1_000_000_000n;
  const last = { localNs: 0n, monotonicNs: 0n };
  const at = (localSeconds: bigint, monotonicSeconds: bigint) => (
    { localNs: localSeconds * second, monotonicNs: monotonicSeconds * second }
  );
  // Somebody set the clock an hour ahead; the servers go on as before.
  assert.equal(doubtOf(100n * second, at(3700n, 100n), last, undefined), undefined);
  // The servers jump by ten seconds: believed the second time.
  const little = doubtOf(110n * second, at(100n, 100n), last, undefined);
  assert.deepEqual(little, { jumpNs: 10n * second, times: 1 });
  assert.equal(little && doubtDelayMs(little), 4_000);
  assert.equal(doubtOf(114n * second, at(104n, 104n), last, little), undefined);
  assert.equal(doubtOf(120n * second, at(104n, 104n), last, little)?.times, 1, "another jump");
  // By an hour: four times.
  let doubt = doubtOf(3700n * second, at(100n, 100n), last, undefined);
  assert.equal(doubt && doubtDelayMs(doubt), 64_000);
  for (const times of [2, 3]) {
    doubt = doubtOf(3700n * second, at(100n, 100n), last, doubt);
    assert.equal(doubt?.times, times);
  }
  assert.equal(doubtOf(3700n * second, at(100n, 100n), last, doubt), undefined);
  assert.equal(doubtOf(3700n * second, at(100n, 100n), undefined, undefined), undefined);
});

Deno.test("correctionOf() steps past 128 ms in both directions", () => {
  assert.equal(correctionOf(128_000_000n), "slew");
  assert.equal(correctionOf(128_000_001n), "step");
  assert.equal(correctionOf(-128_000_000n), "slew");
  assert.equal(correctionOf(-128_000_001n), "step");
});

Deno.test("pollDelayMs() lies between 64 and 1024 s, retryDelayMs() grows to 64 s", () => {
  assert.equal(pollDelayMs(() => 0), 64_000);
  assert.ok(pollDelayMs(() => 0.999999) <= 1_024_000);
  const delays = [1, 2, 3, 6, 7, 50, 5_000].map((failures) => retryDelayMs(failures, () => 0.5));
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 32_000, 64_000, 64_000, 64_000]);
});

Deno.test("readSettings() names the field of the wrong kind and knows a default server", () => {
  assert.deepEqual(readSettings({}), { servers: ["pool.ntp.org"], ...ON });
  assert.throws(() => readSettings({ configured: 1 }), /configured/);
  assert.throws(() => readSettings({ disabled: "yes" }), /disabled/);
  assert.throws(() => readSettings({ servers: [1] }), /servers/);
  assert.throws(() => readSettings(null), TypeError);
});
