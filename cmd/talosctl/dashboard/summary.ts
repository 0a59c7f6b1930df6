import { formatDuration } from "$lib/cli/mod.ts";
import { humanBytes } from "../output/humanize.ts";
import { gauge } from "./graph.ts";
import type { NodeHistory } from "./history.ts";
import type { Sample } from "./sample.ts";
import { beside, type Line, span } from "./text.ts";

const LABEL = 10;

/** Four lines on a node: what it is at the left, how busy it is at the right. */
export function summary(history: NodeHistory, nowMs: number, columns: number): Line[] {
  const { last, fault } = history;
  const width = Math.floor(columns / 2);
  return beside([
    { lines: identity(last, fault, nowMs), width },
    { lines: last ? load(last, history, columns - width) : [], width: columns - width },
  ]);
}

function identity(last: Sample | undefined, fault: string | undefined, nowMs: number): Line[] {
  const told: Line = fault
    ? [label("FAULT"), span(fault, "bad")]
    : [label("UPTIME"), span(uptime(last, nowMs))];
  if (!last) return [fault ? told : [span(" waiting for the first answer", "dim")]];
  const { system, processes } = last;
  const count = processes?.length ?? 0;
  return [
    [label("HOST"), span(last.hostname ?? "unknown"), span(` ${last.tag ?? ""}`, "dim")],
    told,
    [label("CPU"), span(cpuText(last))],
    [label("PROCESSES"), span(`${count}, ${system?.processRunning ?? 0} running`)],
  ];
}

function load(last: Sample, { rates }: NodeHistory, columns: number): Line[] {
  const bar = Math.max(4, Math.min(40, columns - LABEL - 20));
  const now = rates.at(-1);
  const { memory, load: average } = last;
  const used = memory ? memory.memtotal - memory.memavailable : 0n;
  const averages = [average?.load1, average?.load5, average?.load15];
  return [
    [label("CPU"), ...gauge(now?.cpu ?? 0, bar), span(` ${((now?.cpu ?? 0) * 100).toFixed(1)}%`)],
    [
      label("MEMORY"),
      ...gauge(memory ? Number(used) / Math.max(1, Number(memory.memtotal)) : 0, bar),
      span(` ${humanBytes(used * 1024n)} of ${humanBytes((memory?.memtotal ?? 0n) * 1024n)}`),
    ],
    [label("LOAD"), span(averages.map((value) => (value ?? 0).toFixed(2)).join("  "))],
    [label("SWITCHES"), span(`${last.system?.contextSwitches ?? 0}`)],
  ];
}

function label(text: string): Line[number] {
  return span(` ${text.padEnd(LABEL)}`, "dim");
}

function uptime(last: Sample | undefined, nowMs: number): string {
  const boot = Number(last?.system?.bootTime ?? 0n);
  if (boot === 0) return "unknown";
  return formatDuration(Math.max(0, Math.trunc(nowMs / 1_000) - boot) * 1_000);
}

function cpuText({ cpus }: Sample): string {
  const [first] = cpus ?? [];
  if (!first) return "unknown";
  return `${cpus?.length} × ${first.modelName.trim()} @ ${Math.round(first.cpuMhz)} MHz`;
}
