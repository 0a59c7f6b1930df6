/** The loop that brings pools to their release: look, decide, write down, and only then act. */
import type { Clock } from "$lib/clock/mod.ts";
import { parseDurationMs } from "$lib/cli/mod.ts";
import { isRefusal, type KubeClient, type KubeObject, Mirror, TYPES } from "$lib/kube/mod.ts";
import {
  imageOf,
  type NodeRecord,
  type Pool,
  POOLS,
  type PoolSpec,
  poolSpec,
  type PoolStatus,
} from "$lib/pool/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { UpgradeCalls } from "./calls.ts";
import { eventsBetween, recordEvent } from "./events.ts";
import { LogWatch } from "./log_watch.ts";
import {
  type FleetNode,
  keptNode,
  type Membership,
  memberships,
  type NodeFacts,
  nodeFacts,
} from "./members.ts";
import type { NodeApi } from "./node_api.ts";
import { carriedRecords, plan, type Standing } from "./plan.ts";
import { beginning, inProgress, type Look, step } from "./progress.ts";
import { poolStatus } from "./status.ts";
import { type Tags, Targets } from "./targets.ts";

/** What the manager works with. */
export interface ManagerDeps {
  readonly kube: KubeClient;
  readonly clock: Clock;
  /** The API of the node at an address. @throws {Error} without credentials */
  readonly node: (address: string) => Promise<NodeApi>;
  readonly tags: Tags;
  readonly log: (line: string) => void;
  /** Called at the end of each pass. */
  readonly alive?: () => void;
  /** How often nodes that are being upgraded are looked at, milliseconds. */
  readonly lookMs?: number;
}

const LOOK_MS = 3_000;
/** Windows open and channels move without an event of Kubernetes'. */
const IDLE_MS = 30_000;
/** Changes that come one after the other are one pass, those by its own writing too. */
const CALM_MS = 1_000;
/** How many nodes are looked at at the same time. */
const LOOKS = 16;

/** A pool as one pass sees it. */
interface View {
  readonly pool: Pool;
  readonly spec: PoolSpec;
  readonly membership: Membership;
  /** The records that count, one look further. */
  records: readonly NodeRecord[];
}

/** One term of holding the lease. All that outlives it is in the status of the pools. */
export class Manager {
  readonly #pools: Mirror<Pool>;
  readonly #nodes: Mirror<KubeObject & FleetNode>;
  readonly #calls: UpgradeCalls;
  readonly #logs: LogWatch;
  readonly #targets: Targets;
  readonly #apis = new Map<string, NodeApi>();
  readonly #told = new Map<string, string>();
  #wake = new AbortController();

  constructor(readonly deps: ManagerDeps) {
    const { kube, clock, log, tags } = deps;
    const changed = () => this.#wake.abort();
    this.#pools = new Mirror({ kube, type: POOLS, changed, log, clock });
    this.#nodes = new Mirror({ kube, type: TYPES.nodes, keep: keptNode, changed, log, clock });
    this.#calls = new UpgradeCalls(clock, changed);
    this.#logs = new LogWatch(clock, log);
    this.#targets = new Targets(clock, tags);
  }

  /** Works until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    const mirrors = [this.#pools.run(signal), this.#nodes.run(signal)];
    const { clock, log, alive, lookMs = LOOK_MS } = this.deps;
    try {
      while (!signal.aborted) {
        this.#wake = new AbortController();
        let busy = false;
        try {
          busy = await this.#pass(signal);
        } catch (error) {
          if (!signal.aborted) log(messageOf(error));
          busy = true;
        }
        alive?.();
        const { signal: woken } = this.#wake;
        if (busy) await clock.sleep(lookMs, signal);
        else await clock.sleep(IDLE_MS, AbortSignal.any([signal, woken]));
        await clock.sleep(Math.min(CALM_MS, lookMs), signal);
      }
    } finally {
      this.#logs.watch(new Map(), signal);
      for (const api of this.#apis.values()) api.close();
      await Promise.all(mirrors);
    }
  }

  /** Looks at every pool once; tells whether any has an upgrade under way. */
  async #pass(signal: AbortSignal): Promise<boolean> {
    if (!this.#pools.synced || !this.#nodes.synced) return false;
    const pools = this.#pools.objects;
    const nodes = this.#nodes.objects;
    const members = memberships(pools, nodes);
    const facts = new Map(nodes.map((node) => [node.metadata.name, nodeFacts(node)]));
    const views = pools.map((pool): View => ({
      pool,
      spec: poolSpec(pool.spec),
      membership: members.get(pool.metadata.name) ?? { members: [], contested: [] },
      records: carriedRecords(pool),
    }));
    await this.#lookAtAll(views, facts, signal);
    for (const view of views) {
      // One pool that cannot be written down keeps no other from its turn.
      await this.#turn(view, views, facts, signal).catch((error) => {
        if (signal.aborted) return;
        view.records = view.pool.status?.nodes ?? [];
        // A newer one is on its way.
        if (!isRefusal(error, "Conflict")) this.#tell(view.pool, messageOf(error));
      });
    }
    const records = views.flatMap(({ records }) => records);
    this.#calls.keep(records);
    this.#follow(records, signal);
    return records.some(inProgress);
  }

  /** Says a fault of a pool once, not at each look. */
  #tell({ metadata: { name } }: Pool, fault: string): void {
    if (this.#told.get(name) !== fault) this.deps.log(`pool ${name}: ${fault}`);
    this.#told.set(name, fault);
  }

  /** Brings the records of upgrades under way one look further. */
  async #lookAtAll(
    views: readonly View[],
    facts: ReadonlyMap<string, NodeFacts>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.deps;
    const work = views.flatMap((view) =>
      view.records.filter(inProgress).map((record) => ({ view, record }))
    );
    const next = new Map<NodeRecord, NodeRecord>();
    await eachOf(work, async ({ view: { spec }, record }) => {
      const known = facts.get(record.name);
      // A node may come back at another address.
      const current = { ...record, address: known?.address || record.address };
      const look = await this.#look(current, spec, known, signal);
      const settleMs = parseDurationMs(spec.healthChecks.settle);
      next.set(record, step(current, look, { now: clock.now(), settleMs }));
    });
    signal.throwIfAborted();
    for (const view of views) view.records = view.records.map((one) => next.get(one) ?? one);
  }

  async #look(
    record: NodeRecord,
    { healthChecks }: PoolSpec,
    facts: NodeFacts | undefined,
    signal: AbortSignal,
  ): Promise<Look> {
    const asked = record.phase === "Requested";
    // While the node pulls the image there is nothing to be seen.
    if (asked && this.#calls.underWay(record)) return {};
    const answer = asked ? this.#calls.answerTo(record) : undefined;
    const said = answer ? { answer } : {};
    try {
      const api = await this.#api(record.address);
      const sight = await api.look(signal);
      if (sight.version !== record.version) return { ...said, sight };
      const unwell = (healthChecks.node ? kubeFault(record, facts) : undefined) ??
        (healthChecks.services ? await api.unwell(signal) : undefined);
      return { ...said, sight, ...(unwell === undefined ? {} : { unwell }) };
    } catch (error) {
      return { ...said, fault: messageOf(error) };
    }
  }

  /** Decides what comes next for a pool, writes it down, and does it. */
  async #turn(
    view: View,
    views: readonly View[],
    facts: ReadonlyMap<string, NodeFacts>,
    signal: AbortSignal,
  ): Promise<void> {
    const { pool, spec, membership } = view;
    const { clock } = this.deps;
    const target = await this.#targets.of(pool, spec, signal);
    const controlPlaneBusy = views.some(({ records }) =>
      records.some((record) => inProgress(record) && facts.get(record.name)?.controlPlane)
    );
    const situation = () => ({
      ...{ spec, target: target.version, membership, records: view.records },
      ...{ controlPlaneBusy, now: clock.now() },
    });
    const { start, standing } = plan(situation());
    const begun = await this.#begin(start, spec, target.version ?? "", signal);
    const names = new Set(begun.records.map(({ name }) => name));
    view.records = [...view.records.filter(({ name }) => !names.has(name)), ...begun.records];
    const said = begun.fault ??
      (begun.records.length === 0 ? standing : plan(situation()).standing);
    const status = poolStatus({
      ...{ pool, spec, target, members: membership.members, records: view.records },
      ...{ standing: said, now: clock.now() },
    });
    await this.#write(view, status, signal);
    for (const record of view.records.filter(({ phase }) => phase === "Requested")) {
      this.#calls.ask(record, spec.preserve, await this.#api(record.address), signal);
    }
  }

  /** The records of upgrades that begin now; a node that shows nothing is not asked for anything. */
  async #begin(
    nodes: readonly NodeFacts[],
    spec: PoolSpec,
    version: string,
    signal: AbortSignal,
  ): Promise<{ readonly records: NodeRecord[]; readonly fault?: Standing }> {
    const records: NodeRecord[] = [];
    const faults: string[] = [];
    await eachOf(nodes, async (node) => {
      try {
        const before = await (await this.#api(node.address)).look(signal);
        if (before.state === "trial") throw new Error(`${before.version} is on trial`);
        const image = imageOf(spec, version);
        const now = this.deps.clock.now();
        records.push(beginning(node, { version, image, before, spec, now }));
      } catch (error) {
        faults.push(`${node.name}: ${messageOf(error)}`);
      }
    });
    signal.throwIfAborted();
    if (records.length > 0 || faults.length === 0) return { records };
    return { records, fault: { reason: "Unreachable", message: faults.join("; ") } };
  }

  /** Writes the status down where it is another; a pool that changed meanwhile is refused as `Conflict`. */
  async #write(view: View, status: PoolStatus, signal: AbortSignal): Promise<void> {
    const { kube, clock, log } = this.deps;
    const { pool } = view;
    const { name, resourceVersion } = pool.metadata;
    const before = pool.status?.nodes ?? [];
    if (JSON.stringify(sorted(status)) === JSON.stringify(sorted(pool.status ?? {}))) return;
    const patch = { metadata: { resourceVersion }, status: { ...absent(pool.status), ...status } };
    const place = { name, subresource: "status" };
    this.#pools.put(await kube.patch<Pool>(POOLS, place, patch, { signal }));
    this.#told.delete(name);
    for (const event of eventsBetween(before, view.records, (node) => this.#logs.last(node))) {
      log(`pool ${name}: ${event.reason}: ${event.message}`);
      const options = { now: clock.now(), signal };
      await recordEvent(kube, pool, event, options).catch((error) => log(messageOf(error)));
    }
  }

  /** Watches the logs of nodes that are being upgraded, and lets go of the others. */
  #follow(records: readonly NodeRecord[], signal: AbortSignal): void {
    const running = records.filter(inProgress);
    const addresses = new Set(running.map(({ address }) => address));
    for (const [address, api] of this.#apis) {
      if (addresses.has(address)) continue;
      api.close();
      this.#apis.delete(address);
    }
    const watched = new Map<string, NodeApi>();
    for (const { name, address } of running) {
      const api = this.#apis.get(address);
      if (api) watched.set(name, api);
    }
    this.#logs.watch(watched, signal);
  }

  async #api(address: string): Promise<NodeApi> {
    if (address === "") throw new Error("the node has no InternalIP");
    const known = this.#apis.get(address);
    if (known) return known;
    const made = await this.deps.node(address);
    const raced = this.#apis.get(address);
    if (raced) {
      made.close();
      return raced;
    }
    this.#apis.set(address, made);
    return made;
  }
}

/** What keeps a node from being well in Kubernetes' eyes. */
function kubeFault({ version }: NodeRecord, facts: NodeFacts | undefined): string | undefined {
  if (!facts) return "Kubernetes does not know the node";
  if (facts.version !== version) return `its kubelet tells ${facts.version || "no release"} still`;
  if (!facts.ready) return "the node is not Ready";
  return facts.open ? undefined : "the node is cordoned";
}

/** Fields that a merge patch has to take away. */
function absent(status: Partial<PoolStatus> = {}): Record<string, null> {
  return Object.fromEntries(Object.keys(status).map((key) => [key, null]));
}

/** The same value with the keys of all objects in order, to be compared. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map((
      [key, one],
    ) => [key, sorted(one)]),
  );
}

/** Does `work` for each, a bounded number at the same time. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const lane = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(LOOKS, items.length) }, lane));
}
