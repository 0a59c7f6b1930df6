import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import {
  CPUInfoSchema,
  CPUStatSchema,
  LoadAvgSchema,
  MemInfoSchema,
  ProcessInfoSchema,
  SystemStatSchema,
} from "$proto/machine/machine_pb.ts";
import { gauge, graph } from "./graph.ts";
import { NO_HISTORY, type NodeHistory, withSample } from "./history.ts";
import { layout, processRows, type Scene } from "./layout.ts";
import { busyProcesses, ratesOf, type Sample } from "./sample.ts";
import { ansi, plain, span } from "./text.ts";
import { type Extent, keysIn, press } from "./view.ts";

const BOOT = 1_767_322_800;

/** A node after `seconds`, a quarter of whose one processor was busy, half of it by process 1. */
function sample(seconds: number): Sample {
  const stat = { user: seconds / 4, idle: seconds * 3 / 4 };
  return {
    atMs: seconds * 1_000,
    tag: "v0.1.0",
    hostname: "cp-1",
    cpus: [create(CPUInfoSchema, { modelName: "Nehalem", cpuMhz: 2_000 })],
    system: create(SystemStatSchema, {
      ...{ bootTime: BigInt(BOOT), processRunning: 2n, contextSwitches: 99n },
      cpuTotal: create(CPUStatSchema, stat),
    }),
    load: create(LoadAvgSchema, { load1: 0.25, load5: 0.5, load15: 0.75 }),
    memory: create(MemInfoSchema, { memtotal: 4_000_000n, memavailable: 1_000_000n }),
    network: { inBytes: seconds * 1_000_000, outBytes: seconds * 2_000 },
    disk: { inBytes: 0, outBytes: seconds * 512 },
    processes: [
      create(ProcessInfoSchema, {
        ...{ pid: 7, state: "S", threads: 1, command: "kthreadd", residentMemory: 5_000_000n },
      }),
      create(ProcessInfoSchema, {
        ...{ pid: 1, state: "R", threads: 12, cpuTime: seconds / 8, command: "deno" },
        ...{ virtualMemory: 1_500_000_000n, residentMemory: 83_000_000n },
        ...{ executable: "/usr/bin/deno", args: "deno run machined" },
      }),
    ],
  };
}

function history(...seconds: number[]): NodeHistory {
  return seconds.map(sample).reduce(withSample, NO_HISTORY);
}

function scene(...histories: NodeHistory[]): Scene {
  return {
    nodes: histories.map((one, i) => ({ name: `10.0.0.${i + 1}`, history: one })),
    view: { node: 0, offset: 0 },
    nowMs: (BOOT + 3_723) * 1_000,
  };
}

function shown(what: Scene, columns: number, rows: number): string[] {
  return layout(what, { columns, rows }).map((line) => plain(line).trimEnd());
}

Deno.test("layout() shows tabs, summary, graphs and processes", () => {
  const lines = shown(scene(history(0, 4, 8), NO_HISTORY), 80, 26);
  assert.deepEqual(lines, [
    "  10.0.0.1   10.0.0.2",
    "─".repeat(80),
    " HOST      cp-1 v0.1.0                   CPU       [||      ] 25.0%",
    " UPTIME    1h2m3s                        MEMORY    [||||||  ] 3.1 GB of 4.1 GB",
    " CPU       1 × Nehalem @ 2000 MHz        LOAD      0.25  0.50  0.75",
    " PROCESSES 2, 2 running                  SWITCHES  99",
    "─".repeat(80),
    " CPU 25.0%                               MEMORY 75.0%",
    "",
    "                                                                             ██",
    "                                                                             ██",
    "                                     ██                                      ██",
    " NETWORK in 1.0 MB/s out 2.0 kB/s        DISK read 0 B/s written 512 B/s",
    ...Array(4).fill(`${"██".padStart(39)}${"██".padStart(40)}`),
    "     PID S  THR   CPU%     VIRT      RES     TIME+  COMMAND",
    "       1 R   12   12.5   1.5 GB    83 MB      1.00  /usr/bin/deno run machined",
    "       7 S    1    0.0      0 B   5.0 MB      0.00  kthreadd",
    ...Array(5).fill(""),
    " ←/→ node   ↑/↓ scroll   ^F/^B page   q quit",
  ]);
});

for (
  const [columns, rows] of [[1, 1], [20, 5], [80, 24], [81, 22], [200, 60], [40, 100]] as const
) {
  Deno.test(`layout() fills ${columns} × ${rows} letters exactly`, () => {
    for (const what of [scene(), scene(NO_HISTORY), scene(history(0, 1), NO_HISTORY)]) {
      const lines = layout(what, { columns, rows });
      assert.equal(lines.length, rows);
      for (const line of lines) assert.equal([...plain(line)].length, columns);
    }
  });
}

Deno.test("layout() says why a node does not answer and keeps what it said before", () => {
  const lines = shown(scene(withSample(history(0, 4), "connection refused")), 80, 24);
  assert.match(lines[3] ?? "", /^ FAULT {5}connection refused/);
  assert.match(lines[2] ?? "", /^ HOST {6}cp-1/);
  const never = shown(scene(withSample(NO_HISTORY, "connection refused")), 80, 24);
  assert.match(never[2] ?? "", /^ FAULT {5}connection refused/);
});

Deno.test("layout() keeps every part in its place when the first answer comes", () => {
  const head = (history: NodeHistory): number =>
    shown(scene(history), 80, 30).findIndex((line) => line.includes("COMMAND"));
  assert.equal(head(NO_HISTORY), head(history(0, 1)));
});

Deno.test("span() shows what a terminal would act on as blanks", () => {
  assert.equal(span("a\x1b[2Jb\x9b").text, "a [2Jb ");
  assert.equal(ansi([span("a"), span("b", "bold")]), "a\x1b[1mb\x1b[0m");
});

Deno.test("ratesOf() gives shares and bytes a second, zero where something is missing", () => {
  assert.deepEqual(ratesOf(sample(0), sample(2)), {
    ...{ cpu: 0.25, memory: 0.75, received: 1_000_000, sent: 2_000, read: 0, written: 512 },
  });
  assert.deepEqual(ratesOf({ atMs: 0 }, { atMs: 0 }), {
    ...{ cpu: 0, memory: 0, received: 0, sent: 0, read: 0, written: 0 },
  });
  // A node that has been rebooted counts from zero again.
  assert.equal(ratesOf(sample(9), { ...sample(1), atMs: 10_000 }).received, 0);
});

Deno.test("busyProcesses() sorts by processor, then by memory", () => {
  const pids = (before: Sample | undefined): number[] =>
    busyProcesses(before, sample(4)).map(({ process }) => process.pid);
  assert.deepEqual(pids(sample(0)), [1, 7]);
  assert.deepEqual(pids(undefined), [1, 7]);
});

Deno.test("graph() draws eighths of a line, the newest at the right", () => {
  const rows = graph([0, 0.25, 0.5, 1], { width: 6, height: 2, max: 1 });
  assert.deepEqual(rows.map(plain), ["     █", "   ▄██"]);
  assert.deepEqual(graph([1, 2], { width: 1, height: 1 }).map(plain), ["█"]);
  assert.deepEqual(graph([], { width: 3, height: 1 }).map(plain), ["   "]);
});

Deno.test("gauge() fills by share and warns by colour", () => {
  assert.equal(plain(gauge(0.5, 12)), "[|||||     ]");
  assert.equal(plain(gauge(7, 12)), "[||||||||||]");
  assert.deepEqual([0.5, 0.7, 0.95].map((s) => gauge(s, 12)[1]?.style), ["good", "warn", "bad"]);
});

const EXTENT: Extent = { nodes: 3, processes: 25, page: 10 };
for (
  const [keys, node, offset] of [
    ["l", 1, 0],
    ["h", 2, 0],
    ["\x1b[C\x1b[C", 2, 0],
    ["\x1bOD", 2, 0],
    ["jjk", 0, 1],
    ["k", 0, 0],
    ["\x04", 0, 5],
    ["\x06\x06\x06", 0, 15],
    ["\x06\x15", 0, 5],
    ["\x06\x02\x02", 0, 0],
    ["jjl", 1, 0],
    ["x?\x1b[99;1~", 0, 0],
  ] as const
) {
  Deno.test(`press() after ${JSON.stringify(keys)} is at node ${node}, process ${offset}`, () => {
    const view = keysIn(keys).reduce((at, key) => press(at, key, EXTENT)!, { node: 0, offset: 0 });
    assert.deepEqual(view, { node, offset });
  });
}

Deno.test("press() ends with q and an interrupt, and lives without nodes", () => {
  const view = { node: 0, offset: 0 };
  assert.equal(press(view, "q", EXTENT), undefined);
  assert.equal(press(view, "\x03", EXTENT), undefined);
  assert.deepEqual(press(view, "l", { nodes: 0, processes: 0, page: 0 }), view);
});

Deno.test("processRows() leaves room for everything else", () => {
  assert.equal(processRows({ columns: 80, rows: 26 }), 7);
  assert.equal(processRows({ columns: 80, rows: 21 }), 12);
  assert.equal(processRows({ columns: 80, rows: 3 }), 0);
});
