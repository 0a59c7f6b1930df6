/**
 * How soon three members of etcd are of use again: seconds from the moment their leader stands still,
 * as after a loss of power, to the next write that a control plane gets through, while it calls the
 * others as machined does. The baseline is what etcd waits before it looks for another leader.
 *
 * ```sh
 * deno run -A tests/bench/etcd.ts [rounds]
 * ```
 *
 * @module
 */
import { memberStatus, writeKey } from "$lib/etcd/mod.ts";
import { componentProgram, freePort, type RunningMember, TestEtcd } from "$lib/etcd/testing.ts";
import { print } from "./_process.ts";

/** etcd's own figures. */
const [HEARTBEAT_MS, ELECTION_MS] = [100, 1_000];
/** A call that nobody can answer is asked again. */
const CALL = { timeoutMs: 500 };
const LIMIT_MS = 60_000;

/** Three that found a cluster. */
async function found(cluster: TestEtcd): Promise<RunningMember[]> {
  const ports = ["a", "b", "c"].map((name) => ({ name, peerPort: freePort() }));
  const url = ({ name, peerPort }: (typeof ports)[0]) => `${name}=https://127.0.0.1:${peerPort}`;
  const flags = [`--heartbeat-interval=${HEARTBEAT_MS}`, `--election-timeout=${ELECTION_MS}`];
  const members = await Promise.all(ports.map((own) =>
    cluster.start({
      ...{ ...own, flags },
      founders: ports.filter((other) => other !== own).map(url),
    })
  ));
  for (const member of members) await cluster.healthy(member);
  return members;
}

/** Seconds until a write passes at those that are left when the leader stands still. */
async function secondsWithout(
  cluster: TestEtcd,
  members: readonly RunningMember[],
): Promise<number> {
  const leader = await leaderOf(cluster, members);
  const others = members.filter((member) => member !== leader);
  using etcd = cluster.client(...others);
  await writeKey(etcd, "bench", "before", CALL);
  leader.freeze();
  const began = performance.now();
  try {
    while (!await writeKey(etcd, "bench", "after", CALL).then(() => true, () => false)) {
      if (performance.now() > began + LIMIT_MS) {
        throw new Error("No other leader was found in time");
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return (performance.now() - began) / 1_000;
  } finally {
    leader.thaw();
    await cluster.healthy(leader);
  }
}

async function leaderOf(
  cluster: TestEtcd,
  members: readonly RunningMember[],
): Promise<RunningMember> {
  for (const member of members) {
    using etcd = cluster.client(member);
    const { leader, memberId } = await memberStatus(etcd);
    if (leader === memberId) return member;
  }
  throw new Error("Cannot find the leader: no member says that it leads");
}

if (componentProgram("etcd") === undefined) {
  throw new Error("Cannot measure etcd: run `deno task components` first, or put etcd into PATH");
}
const rounds = Number(Deno.args[0] ?? 7);
await using cluster = await TestEtcd.make();
const members = await found(cluster);
const times: number[] = [];
for (let i = 0; i < rounds; i++) times.push(await secondsWithout(cluster, members));
times.sort((a, b) => a - b);
const rounded = (seconds: number | undefined) => Math.round((seconds ?? NaN) * 100) / 100;
print({
  ...{ case: "a write after the leader stands still", rounds },
  ...{ seconds: rounded(times[rounds >> 1]), slowest: rounded(times.at(-1)) },
  baseline: { name: "etcd's election timeout", seconds: ELECTION_MS / 1_000 },
  ratio: rounded(times[rounds >> 1]! / (ELECTION_MS / 1_000)),
  goalRatio: 2,
});
