import assert from "node:assert/strict";
import { duration, LockedError, type Sequence, Sequencer, type SequenceReport } from "./engine.ts";

function world(): { lines: string[]; reports: string[]; sequencer: Sequencer } {
  const lines: string[] = [];
  const reports: string[] = [];
  let now = 0;
  const sequencer = new Sequencer({
    log: (line) => lines.push(line),
    report: (r: SequenceReport) => reports.push(`${r.kind} ${r.name} ${r.action}`),
    now: () => now += 500,
  });
  return { lines, reports, sequencer };
}

function single(name: string, run: (signal: AbortSignal) => void | Promise<void>): Sequence {
  return { name, phases: [{ name: "only", tasks: [{ name: "work", run }] }] };
}

Deno.test("Sequencer logs sequence, phases and tasks with their places and durations", async () => {
  const { lines, sequencer } = world();
  await sequencer.run(single("boot", () => {}));
  assert.deepEqual(lines, [
    "boot sequence: 1 phase(s)",
    "phase only (1/1): 1 tasks(s)",
    "task work (1/1): starting",
    "task work (1/1): done, 500ms",
    "phase only (1/1): done, 1.5s",
    "boot sequence: done: 2.5s",
  ]);
});

Deno.test("Sequencer reports a start and a stop of everything, also when a task fails", async () => {
  const { reports, sequencer } = world();
  const failing = single("boot", () => {
    throw new Error("disk on fire");
  });
  await assert.rejects(sequencer.run(failing), /task "work" failed: disk on fire/);
  assert.deepEqual(reports, [
    "sequence boot START",
    "phase only START",
    "task work START",
    "task work STOP",
    "phase only STOP",
    "sequence boot STOP",
  ]);
  assert.equal(sequencer.busy, false);
});

Deno.test("Sequencer runs the tasks of a phase side by side", async () => {
  const { sequencer } = world();
  const { promise: met, resolve: meet } = Promise.withResolvers<void>();
  await sequencer.run({
    name: "boot",
    phases: [{
      name: "p",
      tasks: [{ name: "a", run: () => met }, { name: "b", run: () => meet() }],
    }],
  });
});

Deno.test("Sequencer ends the other tasks of a phase when one fails", async () => {
  const { sequencer } = world();
  let told = false;
  const hanging = (signal: AbortSignal) =>
    new Promise<void>((_, reject) =>
      signal.addEventListener("abort", () => {
        told = true;
        reject(signal.reason);
      })
    );
  const failing = () => {
    throw new Error("no");
  };
  const phases = [{
    name: "p",
    tasks: [{ name: "slow", run: hanging }, { name: "bad", run: failing }],
  }];
  await assert.rejects(sequencer.run({ name: "boot", phases }), /task "bad" failed/);
  assert.equal(told, true);
});

Deno.test("Sequencer refuses a second sequence while one runs", async () => {
  const { sequencer, reports } = world();
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = sequencer.run(single("boot", () => promise));
  await assert.rejects(sequencer.run(single("upgrade", () => {})), LockedError);
  assert.ok(reports.includes("sequence upgrade NOOP"));
  resolve();
  await first;
});

Deno.test("Sequencer lets an unlocked sequence run beside another", async () => {
  const { sequencer } = world();
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = sequencer.run(single("boot", () => promise));
  await sequencer.run(single("bootstrap", () => {}), { unlocked: true });
  resolve();
  await first;
});

Deno.test("Sequencer takes the end of a task that asked for its successor for no failure", async () => {
  const { lines, reports, sequencer } = world();
  const asked = Promise.withResolvers<void>();
  const upgrade = sequencer.run({
    name: "upgrade",
    phases: [{
      name: "reboot",
      tasks: [{
        ...{ name: "reboot", handsOver: true },
        async run(signal) {
          asked.resolve();
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      }],
    }],
  });
  await asked.promise;
  await sequencer.run(single("reboot", () => {}), { takeover: true });
  await upgrade;
  assert.ok(lines.some((line) => line.startsWith("upgrade sequence: done")), lines.join("\n"));
  assert.ok(reports.includes("sequence upgrade STOP"));
});

Deno.test("Sequencer ends the running sequence on takeover, even one that ignores its signal", async () => {
  const { sequencer } = world();
  const deaf = sequencer.run(single("boot", () => new Promise<void>(() => {})));
  const ended = assert.rejects(deaf, /took over/);
  let ran = false;
  await sequencer.run(single("reboot", () => void (ran = true)), { takeover: true });
  await ended;
  assert.equal(ran, true);
  assert.equal(sequencer.busy, false);
});

const DURATIONS: readonly [number, string][] = [
  [0, "0ms"],
  [12.3456, "12.346ms"],
  [3210, "3.21s"],
  [
    125_300,
    "2m5.3s",
  ],
];
for (const [ms, text] of DURATIONS) {
  Deno.test(`duration() prints ${ms} ms as ${text}`, () => assert.equal(duration(ms), text));
}
