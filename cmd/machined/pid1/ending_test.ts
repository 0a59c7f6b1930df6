import assert from "node:assert/strict";
import { type EndingDeps, endMachine } from "./ending.ts";

function world(over: Partial<EndingDeps> = {}): { deps: EndingDeps; calls: string[] } {
  const calls: string[] = [];
  let nowMs = 0;
  const deps: EndingDeps = {
    log: (line) => calls.push(line),
    clock: {
      now: () => nowMs,
      monotonic: () => nowMs,
      sleep: (ms) => Promise.resolve(void (nowMs += ms)),
    },
    shutdownMode: "poweroff",
    killAll: (signal) => calls.push(signal),
    others: () => 0,
    sync: () => Promise.resolve(void calls.push("sync")),
    reboot: (command) => calls.push(command),
    ...over,
  };
  return { deps, calls };
}

const FAILED = { kind: "failed", error: new Error("x") } as const;

Deno.test("endMachine() reboots at once when asked, after processes and disks", async () => {
  const { deps, calls } = world();
  await endMachine({ kind: "asked", action: "reboot" }, deps);
  assert.deepEqual(calls, ["rebooting in 0 seconds", "SIGTERM", "sync", "RESTART"]);
});

Deno.test("endMachine() powers off, or halts where the command line says so", async () => {
  for (const [shutdownMode, command] of [["poweroff", "POWER_OFF"], ["halt", "HALT"]] as const) {
    const { deps, calls } = world({ shutdownMode });
    await endMachine({ kind: "asked", action: "shutdown" }, deps);
    assert.equal(calls.at(-1), command);
  }
});

Deno.test("endMachine() counts down after a failure", async () => {
  const { deps, calls } = world();
  await endMachine(FAILED, deps);
  assert.equal(calls.filter((line) => line.startsWith("rebooting in")).length, 11);
  assert.equal(calls.at(-1), "RESTART");
});

Deno.test("endMachine() kills what ignores SIGTERM and does not wait for a dead disk", async () => {
  const { deps, calls } = world({ others: () => 3, sync: () => new Promise(() => {}) });
  await endMachine({ kind: "asked", action: "reboot" }, deps);
  assert.deepEqual(calls.slice(-2), ["SIGKILL", "RESTART"]);
});
