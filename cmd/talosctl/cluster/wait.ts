import { formatDuration } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { makeClient } from "../client/mod.ts";
import { reasonOf } from "../client/rpc_error.ts";
import type { Target } from "../target.ts";
import { isRunning, type ProcessMark } from "./process.ts";

/** How often the node is asked, how long it may take to answer, and how often progress is told. */
const POLL_MS = 500;
const ANSWER_MS = 3_000;
const TELL_MS = 5_000;

/** Lines of the console that go with a failure. */
const CONSOLE_LINES = 20;

/** What waiting needs of its surroundings. */
export interface WaitOptions {
  readonly target: Target;
  readonly qemu: ProcessMark;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly console: () => Promise<string>;
  readonly say: (line: string) => void;
}

/** Waits until the node answers a Version call; gives its release. @throws {Error} with the end of the console. */
export async function waitForApi(options: WaitOptions): Promise<string> {
  const { target, timeoutMs, signal, say } = options;
  const started = Date.now();
  let told = started;
  let reason = "";
  while (Date.now() - started < timeoutMs) {
    if (signal.aborted) say('interrupted: "talosctl cluster destroy" removes what there is');
    signal.throwIfAborted();
    if (!await isRunning(options.qemu)) throw await failure("the machine has stopped", options);
    try {
      return await askVersion(target, signal);
    } catch (error) {
      reason = reasonOf(error);
    }
    if (Date.now() - told >= TELL_MS) {
      told = Date.now();
      const [line = "the console is empty"] = lastLines(await options.console(), 1);
      say(`waiting for the API: ${formatDuration(roundSeconds(told - started))}: ${line}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw await failure(`no answer within ${formatDuration(timeoutMs)} (${reason})`, options);
}

async function askVersion(target: Target, signal: AbortSignal): Promise<string> {
  using client = makeClient({ ...target, nodes: [] }, { dialMs: ANSWER_MS, signal });
  const [answer] = await client.unary(MachineService.method.version, {}, { timeoutMs: ANSWER_MS });
  return answer?.message.version?.tag ?? "";
}

async function failure(what: string, { console }: WaitOptions): Promise<Error> {
  const lines = lastLines(await console(), CONSOLE_LINES);
  return new Error(
    `Cannot reach the API of the new node: ${what}\n` +
      (lines.length === 0
        ? "The console is empty.\n"
        : `The end of its console:\n${lines.map((line) => `  ${line}`).join("\n")}\n`) +
      'Look at the whole console log, then run "talosctl cluster destroy" and create it again.',
  );
}

/** The last lines of a console, without the bytes that terminals act on. */
export function lastLines(text: string, count: number): string[] {
  // deno-lint-ignore no-control-regex
  const plain = text.replace(/\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]/g, "");
  return plain.split("\n").filter((line) => line.trim() !== "").slice(-count);
}

function roundSeconds(ms: number): number {
  return Math.round(ms / 1_000) * 1_000;
}
