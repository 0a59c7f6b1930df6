import { humanBytes } from "../output/humanize.ts";
import { commandLine } from "../output/processes.ts";
import { graph } from "./graph.ts";
import type { NodeHistory } from "./history.ts";
import type { BusyProcess, Rates } from "./sample.ts";
import { summary } from "./summary.ts";
import { beside, fitLine, type Line, span } from "./text.ts";
import type { View } from "./view.ts";

/** The letters that fit on a screen. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What is on the screen: every node by name, and what the user looks at. */
export interface Scene {
  readonly nodes: readonly { readonly name: string; readonly history: NodeHistory }[];
  readonly view: View;
  readonly nowMs: number;
}

/** Rows of one graph, its title included. */
const GRAPH_ROWS = 5;
/** Below this height there are no graphs: processes need some room. */
const ROWS_FOR_GRAPHS = 22;
const SUMMARY_ROWS = 4;

/** Rows of processes that a screen of this size shows. */
export function processRows({ rows }: Size): number {
  const graphs = rows >= ROWS_FOR_GRAPHS ? 2 * GRAPH_ROWS : 0;
  // Tabs, their rule, the rule below the summary, the table's head and the line of keys.
  return Math.max(0, rows - SUMMARY_ROWS - graphs - 5);
}

/** The whole screen, exactly `size`. */
export function layout(scene: Scene, size: Size): Line[] {
  const { columns, rows } = size;
  const { nodes, view } = scene;
  const shown = nodes[view.node]?.history;
  const rule: Line = [span("─".repeat(columns), "dim")];
  const lines: Line[] = [tabs(scene), rule];
  if (shown) {
    const told = summary(shown, scene.nowMs, columns);
    // What is below stays where it is when the first answer comes.
    lines.push(...Array.from({ length: SUMMARY_ROWS }, (_, row) => told[row] ?? []), rule);
    if (rows >= ROWS_FOR_GRAPHS) lines.push(...graphs(shown.rates, columns));
    lines.push(...processTable(shown.processes, view.offset, processRows(size)));
  }
  const filled = Array.from({ length: rows - 1 }, (_, row) => fitLine(lines[row] ?? [], columns));
  return [...filled, fitLine(KEYS, columns)];
}

const KEYS: Line = [
  span(" ←/→ node   ↑/↓ scroll   ^F/^B page   q quit", "dim"),
];

function tabs({ nodes, view }: Scene): Line {
  return nodes.flatMap(({ name, history }, index) => {
    const style = index === view.node ? "selected" : history.fault ? "bad" : "plain";
    return [span(" "), span(` ${name} `, style)];
  });
}

function graphs(rates: readonly Rates[], columns: number): Line[] {
  const width = Math.floor(columns / 2);
  const right = columns - width;
  const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
  const speed = (bytes: number): string => `${humanBytes(Math.round(bytes))}/s`;
  const now = rates.at(-1);
  const one = (title: string, values: number[], across: number, max?: number): Line[] => [
    [span(` ${title}`, "bold")],
    ...graph(values, {
      ...{ width: across - 2, height: GRAPH_ROWS - 1 },
      ...(max === undefined ? {} : { max }),
    }).map((line) => [span(" "), ...line]),
  ];
  const cpu = one(`CPU ${percent(now?.cpu ?? 0)}`, rates.map((r) => r.cpu), width, 1);
  const memory = one(`MEMORY ${percent(now?.memory ?? 0)}`, rates.map((r) => r.memory), right, 1);
  const network = one(
    `NETWORK in ${speed(now?.received ?? 0)} out ${speed(now?.sent ?? 0)}`,
    rates.map((r) => r.received + r.sent),
    width,
  );
  const disk = one(
    `DISK read ${speed(now?.read ?? 0)} written ${speed(now?.written ?? 0)}`,
    rates.map((r) => r.read + r.written),
    right,
  );
  return [
    ...beside([{ lines: cpu, width }, { lines: memory, width: right }]),
    ...beside([{ lines: network, width }, { lines: disk, width: right }]),
  ];
}

function processTable(processes: readonly BusyProcess[], offset: number, rows: number): Line[] {
  const head = row("PID", "S", "THR", "CPU%", "VIRT", "RES", "TIME+", "COMMAND");
  const body = processes.slice(offset, offset + rows).map(({ process, cpu }) =>
    row(
      String(process.pid),
      process.state,
      String(process.threads),
      (cpu * 100).toFixed(1),
      humanBytes(process.virtualMemory),
      humanBytes(process.residentMemory),
      process.cpuTime.toFixed(2),
      commandLine(process),
    )
  );
  return [[span(head, "bold")], ...body.map((text) => [span(text)])];
}

function row(...[pid = "", state = "", ...rest]: string[]): string {
  const [threads = "", cpu = "", virtual = "", resident = "", time = "", command = ""] = rest;
  const numbers = [threads.padStart(4), cpu.padStart(6), virtual.padStart(8), resident.padStart(8)];
  return ` ${pid.padStart(7)} ${state} ${numbers.join(" ")} ${time.padStart(9)}  ${command}`;
}
