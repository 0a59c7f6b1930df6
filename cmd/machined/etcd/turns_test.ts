/** The turn of a cluster on three real members: upgrades asked of all at once, stopped members, lost power. */
import assert from "node:assert/strict";
import { checkHealth, type EtcdClient, EtcdError, listMembers } from "$lib/etcd/mod.ts";
import { insist, type RunningMember, TestEtcd, testsWith } from "$lib/etcd/testing.ts";
import { checkQuorum, takeTurn, type Turn } from "./quorum.ts";

const real = testsWith("etcd");
const LONG = Deno.env.get("TEST_TIER") === "long";
/** How often all three are asked at once. */
const ROUNDS = LONG ? 20 : 4;
/** The shortest lease that etcd grants with its usual election timeout; machines have one of a minute. */
const TTL_SECONDS = 2;
const HELD_SECONDS = LONG ? 60 : TTL_SECONDS;
/** How long a machine stands still. */
const STILL_SECONDS = LONG ? 600 : 10;
const NAMES = ["a", "b", "c"] as const;

/** Three members that vote. */
class Three implements AsyncDisposable {
  private constructor(
    readonly cluster: TestEtcd,
    readonly members: Map<string, RunningMember>,
  ) {}

  static async make(): Promise<Three> {
    const cluster = await TestEtcd.make();
    const first = await cluster.start({ name: "a" });
    await cluster.healthy(first);
    const members = [first];
    for (const name of ["b", "c"]) members.push(await cluster.join(name, members));
    for (const member of members) await cluster.healthy(member);
    return new Three(cluster, new Map(members.map((member) => [member.name, member])));
  }

  member(name: string): RunningMember {
    return this.members.get(name)!;
  }

  client(...names: readonly string[]): EtcdClient {
    return this.cluster.client(...names.map((name) => this.member(name)));
  }

  /** What a machine asks before it goes; `preserve` as upgrades have it. */
  check(etcd: EtcdClient, preserve = true): (signal: AbortSignal) => Promise<void> {
    return async (signal) => void await checkQuorum(etcd, { at: this.at, preserve }, signal);
  }

  /** A client of the members at these addresses. */
  readonly at = (endpoints: readonly string[]): Promise<EtcdClient> =>
    Promise.resolve(this.cluster.client(...endpoints.map((clientUrl) => ({ clientUrl }))));

  /** Starts a member that was stopped, with its data and its ports. */
  async startAgain(name: string): Promise<void> {
    const { clientUrl, peerUrl } = this.member(name);
    const others = NAMES.filter((it) => it !== name)
      .map((it) => `${it}=${this.member(it).peerUrl}`);
    const port = (url: string) => Number(new URL(url).port);
    const started = await this.cluster.start({
      ...{ name, clientPort: port(clientUrl), peerPort: port(peerUrl), join: others },
    });
    this.members.set(name, started);
    await this.cluster.healthy(started);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

const minutes = (count: number) => AbortSignal.timeout(count * 60_000);

real(
  `three control planes asked to upgrade at once, ${ROUNDS} times: one at a time, quorum stays`,
  async (t) => {
    await using three = await Three.make();
    const signal = minutes(60);
    const down = new Set<string>();
    let most = 0;
    let gone = 0;
    let refusals = 0;
    for (let round = 0; round < ROUNDS; round++) {
      // Each is down for a moment after its turn came, and gives it back when it is up again.
      const upgrade = async (name: string): Promise<void> => {
        using etcd = three.client(name, ...NAMES.filter((it) => it !== name));
        const turn: Turn = await takeTurn(etcd, three.check(etcd), {
          ...{ signal, waitMs: 120_000, ttlSeconds: TTL_SECONDS },
        });
        down.add(name);
        most = Math.max(most, down.size);
        gone++;
        await three.member(name).stop();
        using others = three.client(...NAMES.filter((it) => it !== name));
        await checkHealth(others, { signal, timeoutMs: 30_000 });
        await three.startAgain(name);
        down.delete(name);
        turn.release();
      };
      // A member that has just come back may not be counted as healthy yet: then a machine is refused.
      const asked = await Promise.allSettled(NAMES.map((name) => upgrade(name)));
      const refused = asked.filter((one) => one.status === "rejected").map(({ reason }) => reason);
      for (const reason of refused) assert.match(String(reason), /is not healthy|not free|lease/);
      refusals += refused.length;
      for (const name of NAMES) await three.cluster.healthy(three.member(name));
    }
    await t.step(`${gone} went, ${refusals} were refused`, () => {
      assert.equal(most, 1, "never two at a time");
      assert.equal(gone + refusals, ROUNDS * NAMES.length);
      assert.ok(gone >= ROUNDS, "one at least each time");
    });
  },
);

real("a member that is stopped keeps the others from an upgrade and from a reset", async () => {
  await using three = await Three.make();
  const signal = minutes(5);
  await three.member("c").stop();
  using etcd = three.client("a", "b");
  const refused = takeTurn(etcd, three.check(etcd), { signal, waitMs: 60_000 });
  await assert.rejects(refused, /etcd member \d+ is not healthy; all members must be healthy/);
  // The refusal gave the turn back: who asks next is not kept waiting.
  (await takeTurn(etcd, nothing, { signal, waitMs: 10_000 })).release();
  await assert.rejects(
    checkQuorum(etcd, { at: three.at, preserve: true, what: "a reset" }, signal),
    /etcd member \d+ is not healthy; all members must be healthy to perform a reset/,
  );
});

real("of two members none may go, unless its data stays", async () => {
  await using cluster = await TestEtcd.make();
  const first = await cluster.start({ name: "a" });
  await cluster.healthy(first);
  const second = await cluster.join("b", [first]);
  await cluster.healthy(second);
  using etcd = cluster.client(first, second);
  assert.equal((await listMembers(etcd)).length, 2);
  const at = (endpoints: readonly string[]) =>
    Promise.resolve(cluster.client(...endpoints.map((clientUrl) => ({ clientUrl }))));
  const signal = minutes(2);
  await assert.rejects(checkQuorum(etcd, { at, preserve: false }, signal), {
    message: "etcd member count(2) is insufficient to maintain quorum if upgrade commences",
  });
  await insist(() => checkQuorum(etcd, { at, preserve: true }, signal));
});

/** A process that holds the turn, and what it says. */
class Holder implements AsyncDisposable {
  readonly said: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  /** Holds it through this member. */
  constructor(three: Three, name: string, ttlSeconds: number) {
    const { directory } = three.cluster;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", new URL("./_turn_holder.ts", import.meta.url).pathname],
        three.member(name).clientUrl,
        ...["ca.crt", "peer.crt", "peer.key"].map((file) => `${directory}/${file}`),
        String(ttlSeconds),
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.said.push(...text.trim().split("\n"));
    }
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async says(word: string, ms: number): Promise<void> {
    const endMs = performance.now() + ms;
    while (!this.said.includes(word)) {
      assert.ok(performance.now() < endMs, `the holder did not say "${word}" within ${ms} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await this.#child.status;
    await this.#reading;
  }
}

const nothing = () => Promise.resolve();
/** etcd looks for leases that are over twice a second; the rest is a busy machine. */
const SLACK_SECONDS = 20;

real(
  `the turn of a machine that loses its power mid-check is free after its lease of ${HELD_SECONDS} s`,
  async (t) => {
    await using three = await Three.make();
    await using holder = new Holder(three, "a", HELD_SECONDS);
    await holder.says("checking", 60_000);
    const signal = minutes(10);
    using etcd = three.client("b");
    const options = { signal, ttlSeconds: HELD_SECONDS };
    await assert.rejects(
      takeTurn(etcd, nothing, { ...options, waitMs: HELD_SECONDS * 1_500 }),
      /failed to acquire upgrade lock/,
      "while it lives it keeps its turn, beyond the lease",
    );
    holder.kill("SIGKILL");
    const killedMs = performance.now();
    const waitMs = (HELD_SECONDS + 60) * 1_000;
    (await takeTurn(etcd, nothing, { ...options, waitMs })).release();
    const seconds = (performance.now() - killedMs) / 1_000;
    await t.step(
      `free after ${seconds.toFixed(1)} s`,
      () => assert.ok(seconds < HELD_SECONDS + SLACK_SECONDS),
    );
  },
);

real(
  `a machine that stands still for ${STILL_SECONDS} s has lost its turn, knows it at once, and its member is well again`,
  async (t) => {
    await using three = await Three.make();
    await using holder = new Holder(three, "a", TTL_SECONDS);
    await holder.says("checking", 60_000);
    holder.kill("SIGSTOP");
    three.member("a").freeze();
    const frozenMs = performance.now();
    const signal = minutes(20);
    using etcd = three.client("b", "c");
    // A leader that stands still is replaced first.
    await insist(() => checkHealth(etcd, { signal, timeoutMs: 30_000 }));
    const turn = await takeTurn(etcd, nothing, { signal, ttlSeconds: 60, waitMs: 60_000 });
    const tookMs = performance.now() - frozenMs;
    await assert.rejects(
      checkQuorum(etcd, { at: three.at, preserve: true }, AbortSignal.timeout(60_000)),
      /is not healthy/,
    );
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, STILL_SECONDS * 1_000 - (performance.now() - frozenMs)))
    );
    assert.deepEqual(holder.said, ["checking"]);
    three.member("a").thaw();
    holder.kill("SIGCONT");
    await holder.says("lost", 5_000);
    await three.cluster.healthy(three.member("a"));
    await insist(async () => {
      await checkQuorum(etcd, { at: three.at, preserve: true }, signal).catch((cause) => {
        throw new EtcdError(14, String(cause));
      });
    });
    turn.release();
    await t.step(`another had the turn after ${Math.round(tookMs)} ms`, nothing);
  },
);
