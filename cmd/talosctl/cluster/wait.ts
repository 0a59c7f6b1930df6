import { formatDuration } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { StorageService } from "$proto/storage/storage_pb.ts";
import { type ClientOptions, maintenanceClient, makeClient } from "../client/mod.ts";
import { reasonOf, RpcError } from "../client/rpc_error.ts";
import type { Target } from "../target.ts";
import { lookAt } from "../upgrade_wait/sight.ts";
import { isRunning, type ProcessMark } from "./process.ts";

/** How often the node is asked, how long it may take to answer, and how often progress is told. */
const POLL_MS = 500;
const ANSWER_MS = 3_000;
const TELL_MS = 5_000;
/** How long a node may take to look at a configuration. */
const APPLY_MS = 60_000;

/** Lines of the console that go with a failure. */
const CONSOLE_LINES = 20;

/** What waiting needs of its surroundings. */
export interface WaitOptions {
  readonly qemu: ProcessMark;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly console: () => Promise<string>;
  readonly say: (line: string) => void;
}

/** Waits until the node answers a Version call; gives its release. @throws {Error} with the end of the console. */
export async function waitForApi(target: Target, options: WaitOptions): Promise<string> {
  return await poll("the API", options, async () => {
    using client = makeClient({ ...target, nodes: [] }, dialing(options));
    const [answer] = await client.unary(MachineService.method.version, {}, {
      timeoutMs: ANSWER_MS,
    });
    return answer?.message.version?.tag ?? "";
  });
}

/** Likewise, until it runs from its own disk. */
export async function waitForInstallation(target: Target, options: WaitOptions): Promise<string> {
  return await poll("the installation", options, async () => {
    using client = makeClient({ ...target, nodes: [] }, dialing(options));
    return (await lookAt(client)).version;
  });
}

/** Waits until the node, which came up without a configuration, can be given one. */
export async function waitForMaintenance(address: string, options: WaitOptions): Promise<void> {
  await poll("maintenance mode", options, async () => {
    using client = maintenanceClient([address], [], dialing(options));
    await client.unary(StorageService.method.disks, {}, { timeoutMs: ANSWER_MS });
  });
}

/**
 * Waits until the node, which came up without a configuration, takes this one.
 *
 * @throws {Error} with the end of the console, or with why it is refused
 */
export async function handConfiguration(
  { address, config }: { readonly address: string; readonly config: string },
  options: WaitOptions,
): Promise<void> {
  const request = { data: new TextEncoder().encode(config) };
  await poll("maintenance mode", options, async () => {
    using client = maintenanceClient([address], [], dialing(options));
    await client.unary(MachineService.method.applyConfiguration, request, { timeoutMs: APPLY_MS });
  });
}

function dialing({ signal }: WaitOptions): ClientOptions {
  return { dialMs: ANSWER_MS, signal };
}

/** Does `attempt` until it succeeds. */
async function poll<T>(
  what: string,
  options: WaitOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  const { timeoutMs, signal, say } = options;
  const started = Date.now();
  let told = started;
  let reason = "";
  while (Date.now() - started < timeoutMs) {
    if (signal.aborted) say('interrupted: "talosctl cluster destroy" removes what there is');
    signal.throwIfAborted();
    if (!await isRunning(options.qemu)) throw await failure("the machine has stopped", options);
    try {
      return await attempt();
    } catch (error) {
      if (isRefusal(error)) throw error;
      reason = reasonOf(error);
    }
    if (Date.now() - told >= TELL_MS) {
      told = Date.now();
      const [line = "the console is empty"] = lastLines(await options.console(), 1);
      say(`waiting for ${what}: ${formatDuration(roundSeconds(told - started))}: ${line}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw await failure(`no answer within ${formatDuration(timeoutMs)} (${reason})`, options);
}

/** What the node would answer the next time, too. */
function isRefusal(error: unknown): boolean {
  return error instanceof RpcError &&
    (error.status === "InvalidArgument" || error.status === "FailedPrecondition");
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
