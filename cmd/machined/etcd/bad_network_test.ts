/** Three real members on a network that delays packets, loses them and cuts the leader off. */
import assert from "node:assert/strict";
import { lacksPath, lacksProgram, rootTest } from "$ffi/testing.ts";
import { EtcdError } from "$lib/etcd/mod.ts";
import { componentProgram, insist, type RunningMember, TestEtcd } from "$lib/etcd/testing.ts";
import { createCa, issueServerLeaf, sans } from "$lib/pki/mod.ts";
import { BadNetwork, CALM, fate, type Place } from "./_bad_network.ts";
import { linearizableFault, type Operation } from "./_linearizable.ts";
import { nowMs, type Seen } from "./_register_user.ts";

const ROUNDS = Deno.env.get("TEST_TIER") === "long" ? 20 : 1;
const NAMES = ["a", "b", "c"] as const;
/** Of all machines together. */
const WRITES_PER_SECOND = 200;
const ELECTION_MS = 2_000;
const TTL_SECONDS = 3;
const CUT_MS = 5_000;
const user = new URL("./_register_user.ts", import.meta.url).pathname;

/** A process on a machine that uses the cluster. */
class User implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly ready = Promise.withResolvers<void>();
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;

  constructor(readonly place: Place, member: RunningMember, directory: string) {
    const [program = "", ...wrapper] = place.wrapper;
    const files = ["ca.crt", "peer.crt", "peer.key"].map((name) => `${directory}/${name}`);
    const rate = String(WRITES_PER_SECOND / NAMES.length);
    this.#child = new Deno.Command(program, {
      args: [
        ...wrapper,
        ...[Deno.execPath(), "run", "-A", "--no-check", user],
        ...[place.name, member.clientUrl, ...files, rate, String(TTL_SECONDS)],
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(JSON.parse(line) as Seen);
    }
  }

  #take(seen: Seen): void {
    if (seen.is === "ready") this.ready.resolve();
    this.seen.push(seen);
  }

  /** Whom its member takes for the leader, and its own id, as of the last look. */
  get status(): Extract<Seen, { is: "status" }> | undefined {
    return this.seen.findLast((seen) => seen.is === "status");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.close().catch(() => {});
    await this.#child.status;
    await this.#reading;
  }
}

function cannotRun(): string | undefined {
  return lacksProgram("ip") ?? lacksPath("/dev/net/tun") ??
    (componentProgram("etcd") ? undefined : "needs etcd");
}

Deno.test("fate() loses its share and delays the rest within the jitter", () => {
  const weather = { delayMs: 75, jitterMs: 50, loss: 0.5 };
  const fates = Array.from({ length: 10_000 }, () => fate(weather, Math.random));
  const arrived = fates.filter((ms) => ms !== undefined);
  assert.ok(Math.abs(arrived.length - 5_000) < 400, `${arrived.length} of 10,000 arrived`);
  assert.ok(Math.min(...arrived) >= 25 && Math.max(...arrived) <= 125);
  assert.equal(fate(CALM, Math.random), 0);
});

rootTest(
  "a cut-off leader, late packets and lost ones: the register stays one, the turn has one holder",
  async (t) => {
    const elected: number[] = [];
    while (elected.length < ROUNDS) elected.push(await badWeather(t));
    // Two survivors that split their votes draw their timeouts anew, so one round says little.
    while (!inTime(elected) && elected.length < ROUNDS + 2) elected.push(await badWeather(t));
    await t.step(`a new leader after ${elected.join(", ")} ms`, () => assert.ok(inTime(elected)));
  },
  cannotRun(),
);

/** Whether leaders came, as a rule, within twice the election timeout. */
function inTime(elected: readonly number[]): boolean {
  return elected.filter((ms) => ms <= 2 * ELECTION_MS).length * 3 >= elected.length;
}

/** One round on a bad network; gives the milliseconds until there was a new leader. */
async function badWeather(t: Deno.TestContext): Promise<number> {
  await using network = await BadNetwork.make(NAMES);
  const places = NAMES.map((name) => network.place(name));
  const now = new Date();
  const ca = await createCa({ kind: "ecdsa-p256", subject: { organization: ["etcd"] }, now });
  const names = sans(["127.0.0.1", ...places.map(({ address }) => address)]);
  const leaf = await issueServerLeaf({ ca, sans: names, now, lifetimeMs: 3_600_000 });
  await using cluster = await TestEtcd.make({ ca, leaf });
  const members = await Promise.all(places.map(({ name, address, wrapper }) => {
    const others = places.filter((other) => other.name !== name);
    return cluster.start({
      ...{ name, address, wrapper, clientPort: 2379, peerPort: 2380 },
      founders: others.map((other) => `${other.name}=https://${other.address}:2380`),
      flags: [`--election-timeout=${ELECTION_MS}`, `--heartbeat-interval=${ELECTION_MS / 10}`],
    });
  }));
  const users = places.map((place, i) => new User(place, members[i]!, cluster.directory));
  const phases: { name: string; fromMs: number }[] = [];
  const begin = (name: string) => void phases.push({ name, fromMs: nowMs() });
  let electedMs = NaN;
  try {
    await Promise.all(users.map(({ ready }) => ready.promise));
    await allAgree(users);
    begin("calm");
    await pause(2_000);

    begin("leader cut off");
    const leader = leaderOf(users);
    network.cut(leader.place.name);
    const cutMs = nowMs();
    const old = leader.status!.id;
    await pause(CUT_MS);
    const rest = users.filter((one) => one !== leader);
    electedMs = Math.min(
      ...rest.flatMap(({ seen }) => seen)
        .flatMap((seen) =>
          seen.is === "status" && seen.atMs > cutMs && seen.leader !== old && seen.leader !== "0"
            ? [seen.atMs - cutMs]
            : []
        ),
    );
    network.heal();
    await allAgree(users);

    begin("late packets");
    network.weather = { delayMs: 75, jitterMs: 50, loss: 0 };
    await pause(5_000);

    begin("lost packets");
    network.weather = { ...CALM, loss: 0.5 };
    await pause(6_000);

    begin("calm again");
    network.weather = CALM;
    await allAgree(users);
    await pause(2_000);
  } finally {
    for (const one of users) await one[Symbol.asyncDispose]();
  }

  const seen = users.flatMap((one) => one.seen);
  const history = seen.filter((one) => one.is === "operation")
    .map(({ toMs, ...operation }): Operation => ({ ...operation, toMs: toMs ?? Infinity }));
  const turns = users.flatMap(({ place, seen }) =>
    seen.filter((one) => one.is === "turn").map((turn) => ({ ...turn, name: place.name }))
  ).toSorted((a, b) => a.fromMs - b.fromMs);
  const report = phases.map(({ name, fromMs }, i) => {
    const toMs = phases[i + 1]?.fromMs ?? Infinity;
    const asked = history.filter((one) => one.fromMs >= fromMs && one.fromMs < toMs);
    const writes = asked.filter(({ kind }) => kind === "write");
    const known = writes.filter((one) => one.toMs !== Infinity);
    const held = turns.filter((turn) => turn.fromMs >= fromMs && turn.fromMs < toMs);
    return `${name}: ${known.length} of ${writes.length} writes answered, ${held.length} turns`;
  });
  await t.step(report.join("; "), () => {
    assert.equal(linearizableFault(history), undefined);
    for (const [i, { name, toMs }] of turns.entries()) {
      const next = turns[i + 1];
      if (!next || next.fromMs >= toMs) continue;
      assert.fail(`${next.name} and ${name} had the turn together for ${toMs - next.fromMs} ms`);
    }
    const answered = history.filter(({ kind, toMs }) => kind === "write" && toMs !== Infinity);
    assert.ok(answered.length > 200 && turns.length >= 3);
  });
  return Math.round(electedMs);
}

function leaderOf(users: readonly User[]): User {
  const leader = users.find(({ status }) => status && status.leader === status.id);
  assert.ok(leader, "a member leads");
  return leader;
}

/** Waits until all members name the same leader. */
async function allAgree(users: readonly User[]): Promise<void> {
  const sinceMs = nowMs();
  await insist(() => {
    const states = users.map(({ status }) => status);
    const fresh = states.every((status) => status !== undefined && status.atMs > sinceMs);
    const leaders = new Set(states.map((status) => status?.leader ?? "0"));
    if (fresh && leaders.size === 1 && !leaders.has("0")) return Promise.resolve();
    return Promise.reject(new EtcdError(14, "the members do not agree on a leader"));
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
