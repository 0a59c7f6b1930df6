/** The turn of a cluster on three real members: upgrades asked of all at once, stopped members, lost power. */
import assert from "node:assert/strict";
import { checkHealth, type EtcdClient, listMembers } from "$lib/etcd/mod.ts";
import { insist, type RunningMember, TestEtcd, testsWith } from "$lib/etcd/testing.ts";
import { checkQuorum, takeTurn, type Turn } from "./quorum.ts";

const real = testsWith("etcd");
const TURNS = 20;
/** The shortest lease that etcd grants with its usual election timeout. */
const TTL_SECONDS = 2;
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
    const at = (endpoints: readonly string[]) =>
      Promise.resolve(this.cluster.client(...endpoints.map((clientUrl) => ({ clientUrl }))));
    return async (signal) => void await checkQuorum(etcd, { at, preserve }, signal);
  }

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
  `three control planes asked to upgrade at once, until ${TURNS} went: one at a time, quorum stays`,
  async () => {
    await using three = await Three.make();
    const signal = minutes(20);
    const down = new Set<string>();
    let most = 0;
    let gone = 0;
    while (gone < TURNS) {
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
      for (const name of NAMES) await three.cluster.healthy(three.member(name));
    }
    assert.equal(most, 1, "never two at a time");
  },
);

real("a member that is stopped keeps the others from going, and force is not asked", async () => {
  await using three = await Three.make();
  const signal = minutes(5);
  await three.member("c").stop();
  using etcd = three.client("a", "b");
  const refused = takeTurn(etcd, three.check(etcd), { signal, waitMs: 60_000 });
  await assert.rejects(refused, /etcd member \d+ is not healthy; all members must be healthy/);
  // The refusal gave the turn back: who asks next is not kept waiting.
  const nothing = () => Promise.resolve();
  (await takeTurn(etcd, nothing, { signal, waitMs: 10_000 })).release();
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

real("the turn of a machine that loses its power mid-check is free after its lease", async () => {
  await using three = await Three.make();
  const { directory } = three.cluster;
  const holder = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", new URL("./_turn_holder.ts", import.meta.url).pathname],
      three.member("a").clientUrl,
      ...["ca.crt", "peer.crt", "peer.key"].map((name) => `${directory}/${name}`),
      String(TTL_SECONDS),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = holder.stdout.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "checking\n");
  const signal = minutes(2);
  using etcd = three.client("b");
  const nothing = () => Promise.resolve();
  const options = { signal, ttlSeconds: TTL_SECONDS };
  await assert.rejects(
    takeTurn(etcd, nothing, { ...options, waitMs: 3_000 * TTL_SECONDS }),
    /failed to acquire upgrade lock/,
    "while it lives it keeps its turn, far beyond the lease",
  );
  holder.kill("SIGKILL");
  const killedMs = performance.now();
  (await takeTurn(etcd, nothing, { ...options, waitMs: 60_000 })).release();
  const seconds = (performance.now() - killedMs) / 1_000;
  // etcd looks for leases that are over twice a second; the rest is a busy machine.
  assert.ok(seconds < TTL_SECONDS + 20, `free after ${seconds.toFixed(1)} s`);
  await reader.cancel();
  await holder.status;
});
