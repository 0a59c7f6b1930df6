import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { TaskEvent_Action, TaskEventSchema } from "$proto/machine/machine_pb.ts";
import { EventRing, OverrunError, type RingEvent } from "./event_ring.ts";
import { FakeClock, settle } from "./testing.ts";

function publish(ring: EventRing, from: number, to: number): string[] {
  const ids: string[] = [];
  for (let i = from; i < to; i++) {
    ids.push(ring.publish(TaskEventSchema, { task: `task ${i}`, action: TaskEvent_Action.START }));
  }
  return ids;
}

const task = (event: RingEvent): string => fromBinary(TaskEventSchema, event.value).task;

/** The numbers of the events a watcher at `position` gets without waiting. */
async function backlog(ring: EventRing, position: Parameters<EventRing["watch"]>[0]) {
  const over = new AbortController();
  const seen: number[] = [];
  const reading = (async () => {
    for await (const event of ring.watch(position, over.signal)) {
      seen.push(Number(task(event).slice(5)));
    }
  })();
  await settle();
  over.abort();
  await reading;
  return seen;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

Deno.test("EventRing.watch() starts where the first position that is set says", async () => {
  const clock = new FakeClock();
  const ring = new EventRing({ clock });
  publish(ring, 0, 20);
  await clock.advance(60_000);
  const ids = publish(ring, 20, 30);
  assert.deepEqual(await backlog(ring, {}), []);
  assert.deepEqual(await backlog(ring, { tailEvents: -1 }), range(0, 30));
  assert.deepEqual(await backlog(ring, { tailEvents: 5 }), range(25, 30));
  assert.deepEqual(await backlog(ring, { tailEvents: 2, tailId: ids[0]! }), range(28, 30));
  assert.deepEqual(await backlog(ring, { tailId: ids[0]! }), range(21, 30));
  assert.deepEqual(await backlog(ring, { tailId: ids[0]!, tailSeconds: 600 }), range(21, 30));
  assert.deepEqual(await backlog(ring, { tailSeconds: 30 }), range(20, 30));
  assert.deepEqual(await backlog(ring, { tailSeconds: 60 }), range(0, 30));
});

Deno.test("EventRing keeps 1000 events and starts readers 10 after the oldest", async () => {
  const ring = new EventRing();
  const ids = publish(ring, 0, 2_500);
  assert.deepEqual(await backlog(ring, { tailEvents: -1 }), range(1_510, 2_500));
  assert.deepEqual(await backlog(ring, { tailEvents: 5_000 }), range(1_510, 2_500));
  assert.deepEqual(await backlog(ring, { tailId: ids[3]! }), range(1_510, 2_500));
  assert.deepEqual(await backlog(ring, { tailId: ids.at(-1)! }), []);
});

Deno.test("EventRing.watch() throws to a reader that fell behind, and never skips silently", async () => {
  const ring = new EventRing();
  const over = new AbortController();
  const watch = ring.watch({ tailEvents: -1 }, over.signal);
  publish(ring, 0, 1);
  // The generator has taken no position before its first turn: let it read one event.
  const first = await watch.next();
  assert.ok(!first.done);
  publish(ring, 1, 1_001);
  assert.equal(task((await watch.next()).value as RingEvent), "task 1");
  publish(ring, 1_001, 1_003);
  await assert.rejects(watch.next(), (error) => {
    assert.ok(error instanceof OverrunError);
    assert.match(error.message, /1001 were published unread after event \w{20}, 1000 are kept/);
    return true;
  });
});

Deno.test("EventRing.watch() takes its position when called, not when first read", async () => {
  const ring = new EventRing();
  const over = new AbortController();
  const watch = ring.watch({}, over.signal);
  publish(ring, 0, 1);
  assert.equal(task((await watch.next()).value as RingEvent), "task 0");
  over.abort();
});

Deno.test("EventRing.watch() refuses a malformed id at once", () => {
  const ring = new EventRing();
  for (const tailId of ["x", "c0000000000000000000'", "C00000000000000000000"]) {
    assert.throws(() => ring.watch({ tailId }, AbortSignal.abort()), RangeError);
  }
});
