/**
 * What every state promises, as cases that any implementation runs:
 *
 *     for (const { name, run } of readConformance) {
 *       Deno.test(`MemoryState ${name}`, () => run(async () => ({ writer, reader })));
 *     }
 *
 * `readConformance` asks only the read side, so that a state over the API runs it too.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Kind } from "./kind.ts";
import { isTombstone, type Resource } from "./resource.ts";
import type { ResourceEvent, State, StateReader } from "./state.ts";
import { isFault, type StateFault } from "./state_error.ts";

/** What a case works on: `reader` shows what `writer` keeps. */
export interface ConformanceWorld {
  readonly writer: State;
  readonly reader: StateReader;
  /** How many changes of a kind are kept for slow watchers. */
  readonly history: number;
  /** The kind that cases of the read side write to; its specs are `{ text }`. */
  readonly kind: Kind<NoteSpec>;
}

/** The spec of the notes that cases of the read side write. */
export interface NoteSpec {
  readonly text: string;
}

/** One promise. */
export interface ConformanceCase {
  readonly name: string;
  run(world: ConformanceWorld): Promise<void>;
}

/** The promises of the read side. */
export const readConformance: readonly ConformanceCase[] = [
  {
    name: "gives undefined for a resource that is not there",
    async run({ reader, kind }) {
      assert.equal(await reader.resource(kind, "absent"), undefined);
    },
  },
  {
    name: "gives a resource with its metadata and spec",
    async run({ writer, reader, kind }) {
      await writer.create(kind, "a", { text: "one" });
      await writer.update(kind, "a", { text: "two" });
      await writer.addFinalizer(kind, "a", 'k8s.StaticPodStatus("a")');
      const { metadata, spec } = await must(reader.resource(kind, "a"));
      assert.deepEqual(spec, { text: "two" });
      const { namespace, type, id, version, phase, finalizers } = metadata;
      assert.deepEqual({ namespace, type, id, version, phase, finalizers }, {
        namespace: kind.namespace,
        type: kind.type,
        id: "a",
        version: 3,
        phase: "running",
        finalizers: ['k8s.StaticPodStatus("a")'],
      });
    },
  },
  {
    name: "lists a kind sorted by id",
    async run({ writer, reader, kind }) {
      assert.deepEqual(await reader.list(kind), []);
      for (const id of ["c", "a", "b"]) await writer.create(kind, id, { text: id });
      const ids = (await reader.list(kind)).map(({ metadata }) => metadata.id);
      assert.deepEqual(ids, ["a", "b", "c"]);
    },
  },
  {
    name: "watch of a kind starts with what is there and goes on with each change",
    async run({ writer, reader, kind }) {
      for (const id of ["b", "a"]) await writer.create(kind, id, { text: id });
      await using watch = follow(reader, kind);
      assert.deepEqual(await watch.take(2), ["created a 1", "created b 1"]);
      await writer.update(kind, "a", { text: "new" });
      await writer.teardown(kind, "b");
      await writer.destroy(kind, "b");
      await writer.create(kind, "c", { text: "c" });
      assert.deepEqual(await watch.take(4), [
        "updated a 2",
        "updated b 2 tearingDown",
        "destroyed b 2 tearingDown",
        "created c 1",
      ]);
    },
  },
  {
    name: "watch of one id sees that resource alone",
    async run({ writer, reader, kind }) {
      await writer.create(kind, "a", { text: "a" });
      await using watch = follow(reader, kind, "a");
      assert.deepEqual(await watch.take(1), ["created a 1"]);
      await writer.create(kind, "b", { text: "b" });
      await writer.update(kind, "a", { text: "new" });
      assert.deepEqual(await watch.take(1), ["updated a 2"]);
    },
  },
  {
    name: "watch of a missing id starts with a tombstone",
    async run({ writer, reader, kind }) {
      await using watch = follow(reader, kind, "late");
      const [first] = await watch.takeEvents(1);
      assert.equal(first?.type, "destroyed");
      assert.ok(isTombstone(first?.resource as Resource));
      await writer.create(kind, "late", { text: "now" });
      assert.deepEqual(await watch.take(1), ["created late 1"]);
    },
  },
  {
    name: "watch ends when its signal fires",
    async run({ reader, kind }) {
      const over = new AbortController();
      const events = reader.watch(kind, { signal: over.signal });
      const next = events.next();
      setTimeout(() => over.abort(), 10);
      assert.deepEqual(await next, { value: undefined, done: true });
    },
  },
];

/** The promises of a whole state. */
export const writeConformance: readonly ConformanceCase[] = [
  {
    name: "create starts at version 1 and refuses a second of the same id",
    async run({ writer, kind }) {
      const { metadata } = await writer.create(kind, "a", { text: "a" }, { owner: "o" });
      assert.equal(metadata.version, 1);
      assert.equal(metadata.owner, "o");
      await refuses("conflict", writer.create(kind, "a", { text: "b" }));
    },
  },
  {
    name: "update with an equal spec keeps the version and tells nobody",
    async run({ writer, kind }) {
      await writer.create(kind, "a", { text: "a" });
      await using watch = follow(writer, kind);
      assert.deepEqual(await watch.take(1), ["created a 1"]);
      assert.equal((await writer.update(kind, "a", { text: "a" })).metadata.version, 1);
      assert.equal((await writer.update(kind, "a", { text: "b" })).metadata.version, 2);
      assert.deepEqual(await watch.take(1), ["updated a 2"]);
    },
  },
  {
    name: "update refuses a stale version, a missing resource and one that is torn down",
    async run({ writer, kind }) {
      await refuses("notFound", writer.update(kind, "a", { text: "a" }));
      await writer.create(kind, "a", { text: "a" });
      await writer.update(kind, "a", { text: "b" }, { version: 1 });
      await refuses("conflict", writer.update(kind, "a", { text: "c" }, { version: 1 }));
      await writer.teardown(kind, "a");
      await refuses("phase", writer.update(kind, "a", { text: "d" }));
    },
  },
  {
    name: "a resource with an owner is changed by its owner alone",
    async run({ writer, kind }) {
      await writer.create(kind, "a", { text: "a" }, { owner: "mine" });
      for (const owner of ["", "other"]) {
        await refuses("owner", writer.update(kind, "a", { text: "b" }, { owner }));
        await refuses("owner", writer.teardown(kind, "a", { owner }));
        await refuses("owner", writer.destroy(kind, "a", { owner }));
      }
      await writer.destroy(kind, "a", { owner: "mine" });
    },
  },
  {
    name: "a finalizer holds a resource back from being destroyed",
    async run({ writer, kind }) {
      await writer.create(kind, "a", { text: "a" });
      await writer.addFinalizer(kind, "a", "holder");
      await refuses("conflict", writer.destroy(kind, "a"));
      assert.equal(await writer.teardown(kind, "a"), false);
      await refuses("phase", writer.addFinalizer(kind, "a", "late"));
      await writer.removeFinalizer(kind, "a", "holder");
      assert.equal(await writer.teardown(kind, "a"), true);
      await writer.destroy(kind, "a");
      await refuses("notFound", writer.destroy(kind, "a"));
    },
  },
  {
    name: "a stale finalizer can be let go of twice, but not after the end",
    async run({ writer, kind }) {
      await writer.create(kind, "a", { text: "a" });
      await writer.addFinalizer(kind, "a", "holder");
      await writer.removeFinalizer(kind, "a", "holder");
      await writer.removeFinalizer(kind, "a", "holder");
      await writer.destroy(kind, "a");
      await refuses("notFound", writer.removeFinalizer(kind, "a", "holder"));
    },
  },
  {
    name: "of fifty writers at one version exactly one wins, and watchers see a strict sequence",
    async run({ writer, kind }) {
      await writer.create(kind, "a", { text: "start" });
      await using watch = follow(writer, kind);
      assert.deepEqual(await watch.take(1), ["created a 1"]);
      for (let version = 1; version <= 20; version++) {
        const tries = Array.from(
          { length: 50 },
          (_, who) => writer.update(kind, "a", { text: `${version} by ${who}` }, { version }),
        );
        const results = await Promise.allSettled(tries);
        assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
        for (const result of results) {
          if (result.status === "rejected") assert.ok(isFault(result.reason, "conflict"));
        }
      }
      const seen = await watch.take(20);
      assert.deepEqual(seen, Array.from({ length: 20 }, (_, i) => `updated a ${i + 2}`));
    },
  },
  {
    name: "of parallel destroys exactly one wins",
    async run({ writer, kind }) {
      await writer.create(kind, "a", { text: "a" });
      const tries = Array.from({ length: 50 }, () => writer.destroy(kind, "a"));
      const results = await Promise.allSettled(tries);
      assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
      for (const result of results) {
        if (result.status === "rejected") assert.ok(isFault(result.reason, "notFound"));
      }
    },
  },
  {
    name: "a watcher that falls behind more than the history is told so",
    async run({ writer, kind, history }) {
      await writer.create(kind, "a", { text: "0" });
      const events = writer.watch(kind);
      await events.next();
      for (let i = 1; i <= history; i++) await writer.update(kind, "a", { text: `${i}` });
      assert.equal((await events.next()).value?.resource.metadata.version, 2);
      for (let i = 0; i < 2; i++) await writer.update(kind, "a", { text: `more ${i}` });
      await refuses("overrun", events.next());
    },
  },
  {
    name: "what a state gave out does not change any more",
    async run({ writer, kind }) {
      const spec = { text: "a" };
      const resource = await writer.create(kind, "a", spec);
      spec.text = "changed by the caller";
      assert.equal((await must(writer.resource(kind, "a"))).spec.text, "a");
      assert.throws(() => Object.assign(resource.spec, { text: "x" }), TypeError);
      assert.throws(() => Object.assign(resource.metadata, { version: 9 }), TypeError);
    },
  },
];

async function must<T>(value: Promise<T | undefined>): Promise<T> {
  const known = await value;
  assert.ok(known);
  return known;
}

async function refuses(kind: StateFault, action: Promise<unknown>): Promise<void> {
  await assert.rejects(action, (error) => isFault(error, kind), kind);
}

interface Followed extends AsyncDisposable {
  /** The next events, as `updated a 2`, with the phase where it is not running. */
  take(count: number): Promise<string[]>;
  takeEvents(count: number): Promise<ResourceEvent[]>;
}

/** A watch that is read one event at a time. */
function follow(reader: StateReader, kind: Kind, id?: string): Followed {
  const over = new AbortController();
  const { signal } = over;
  const events = reader.watch(kind, id === undefined ? { signal } : { id, signal });
  const takeEvents = async (count: number): Promise<ResourceEvent[]> => {
    const taken: ResourceEvent[] = [];
    while (taken.length < count) {
      const { value, done } = await events.next();
      if (done) break;
      taken.push(value);
    }
    return taken;
  };
  return {
    takeEvents,
    async take(count) {
      return (await takeEvents(count)).map(({ type, resource: { metadata } }) => {
        const phase = metadata.phase === "running" ? "" : ` ${metadata.phase}`;
        return `${type} ${metadata.id} ${metadata.version}${phase}`;
      });
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      await events.return();
    },
  };
}
