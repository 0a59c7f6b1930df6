/**
 * Memory of the node's processes in a machine, as its API tells it: idle, and after calls with many
 * in flight. Beside it a runtime on this host that does nothing, with the same flags.
 *
 * ```sh
 * deno run -A tests/bench/memory.ts [calls]
 * ```
 *
 * @module
 */
import { ROLES, V8_FLAGS } from "$lib/role/mod.ts";
import { type Node, startNode, until } from "../boot/node.ts";
import { memoryByRole } from "./_memory.ts";
import { type Memory, memoryOf, print } from "./_process.ts";

const LIMIT_MS = 600_000;
const IN_FLIGHT = 50;
/** Lets collectors and timers come to rest. */
const REST_MS = 10_000;
/** Services that are processes of this project; others wait for images on a machine without any. */
const OURS = ROLES.filter((role) => role !== "init");

function report(when: string, memory: Record<string, Memory>, baseline: Memory): void {
  const anonymousKb = Object.values(memory).reduce((sum, one) => sum + one.anonymousKb, 0);
  const processes = Object.keys(memory).length;
  print({
    when,
    processes: memory,
    anonymousKb,
    baseline: { name: "idle runtime", ...baseline },
    ratio: Math.round(anonymousKb / (processes * baseline.anonymousKb) * 100) / 100,
    ...(when === "idle" ? { goalAnonymousKb: 120 * 1024 } : {}),
  });
}

async function idleRuntime(): Promise<Memory> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-config", `--v8-flags=${V8_FLAGS.join(",")}`],
      "data:text/javascript,console.log(1);setInterval(()=>{},1e6)",
    ],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  try {
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    return memoryOf(await Deno.readTextFile(`/proc/${child.pid}/smaps_rollup`));
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

async function load({ machine }: Node, calls: number): Promise<void> {
  let left = calls;
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (left-- > 0) await machine.version({}, { timeoutMs: 120_000 });
  }));
}

const calls = Number(Deno.args[0] ?? 1_000);
const rest = () => new Promise((resolve) => setTimeout(resolve, REST_MS));
const baseline = await idleRuntime();
await using node = await startNode();
await node.ready(LIMIT_MS);
await until(
  async () => {
    const { messages } = await node.machine.serviceList({});
    const healthy = messages[0]?.services.filter(({ health }) => health?.healthy) ?? [];
    const waiting = OURS.filter((role) => !healthy.some(({ id }) => id === role));
    if (waiting.length > 0) throw new Error(`waiting for ${waiting}`);
  },
  LIMIT_MS,
  node.vm,
);
await rest();
report("idle", await memoryByRole(node), baseline);
await load(node, calls);
report(`after ${calls} calls, ${IN_FLIGHT} in flight`, await memoryByRole(node), baseline);
await rest();
report("idle again", await memoryByRole(node), baseline);
