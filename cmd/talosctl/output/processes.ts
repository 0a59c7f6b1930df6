import { tabulate } from "$lib/cli/mod.ts";
import type { Process, ProcessInfo } from "$proto/machine/machine_pb.ts";
import type { Answer } from "../client/client.ts";
import { humanBytes } from "./humanize.ts";

/** Spaces between the columns. */
export const PROCESS_PADDING = 2;

/** What processes are sorted by, largest first. */
export type ProcessSort = "rss" | "cpu";

const HEADER = [
  "NODE",
  "PID",
  "STATE",
  "THREADS",
  "CPU-TIME",
  "VIRTMEM",
  "RESMEM",
  "COMMAND",
] as const;

/** The process table of all nodes, node by node, two spaces between columns. */
export function processTable(answers: readonly Answer<Process>[], sort: ProcessSort): string {
  return tabulate(processRows(answers, sort), PROCESS_PADDING);
}

/** The rows of that table, the header first. */
export function processRows(
  answers: readonly Answer<Process>[],
  sort: ProcessSort,
): (readonly string[])[] {
  const rows = answers.flatMap(({ node, message }) =>
    message.processes.toSorted(ORDER[sort]).map((process) => [node, ...processRow(process)])
  );
  return [HEADER, ...rows];
}

const ORDER: Record<ProcessSort, (a: ProcessInfo, b: ProcessInfo) => number> = {
  rss: (a, b) => Number(b.residentMemory - a.residentMemory),
  cpu: (a, b) => b.cpuTime - a.cpuTime,
};

function processRow(process: ProcessInfo): string[] {
  return [
    String(process.pid),
    process.state,
    String(process.threads),
    process.cpuTime.toFixed(2),
    humanBytes(process.virtualMemory),
    humanBytes(process.residentMemory),
    commandLine(process),
  ];
}

/** The command line with the executable's whole path; the kernel's own threads have only a name. */
export function commandLine({ executable, command, args }: ProcessInfo): string {
  if (executable === "") return command;
  const [first = ""] = args.split(/\s+/, 1);
  const base = executable.slice(executable.lastIndexOf("/") + 1);
  return first !== "" && first === base ? args.replace(first, () => executable) : args;
}
