import assert from "node:assert/strict";
import { Latest } from "./latest.ts";
import { LogStore } from "./log_store.ts";
import { ServiceManager } from "./manager.ts";
import { type LaunchedProcess, type ProcessLauncher, processRunner } from "./process_runner.ts";

/** Real processes through Deno.Command; the spec is the argument list. */
const launcher: ProcessLauncher<readonly string[]> = {
  launch([command = "", ...args]): Promise<LaunchedProcess> {
    const child = new Deno.Command(command, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return Promise.resolve({
      pid: child.pid,
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      status: child.status,
      kill: (signal) => child.kill(signal),
    });
  },
};

function world(script: string, more: { input?: Latest<string>; graceMs?: number } = {}) {
  const logs = new LogStore();
  const manager = new ServiceManager({ backoffMs: 50 });
  manager.load({
    id: "job",
    run: processRunner({
      launcher,
      spec: ["/bin/sh", "-c", script],
      name: "/bin/job",
      log: logs.writer("job"),
      ...more,
    }),
  });
  const lines = () => new TextDecoder().decode(logs.tail("job")).split("\n").slice(0, -1);
  const messages = () => manager.status("job")!.events.map((e) => `${e.state}: ${e.message}`);
  return { manager, lines, messages };
}

async function eventually(test: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (test()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never: ${test}`);
}

Deno.test("processRunner() captures stdout and stderr by line, the last one without line feed too", async () => {
  const { manager, lines } = world("echo one; echo two >&2; printf three; exec sleep 60");
  manager.start();
  await eventually(() => lines().length === 2);
  await manager.stop();
  assert.deepEqual(lines().sort(), ["one", "three", "two"]);
});

Deno.test("processRunner() restarts a process that ended or was killed, after the backoff", async () => {
  const { manager, lines, messages } = world("echo $$; kill -KILL $$");
  manager.start();
  await eventually(() => lines().length >= 3);
  await manager.stop();
  assert.equal(new Set(lines()).size, lines().length, "each time another process");
  assert.match(messages()[1]!, /^Running: Process \/bin\/job started with PID \d+$/);
  assert.match(messages()[2]!, /^Waiting: .*\/bin\/job was ended by SIGKILL, going to restart/);
});

Deno.test("processRunner() stops by SIGTERM and lets the process end its way", async () => {
  const { manager, lines, messages } = world(
    "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done",
  );
  manager.start();
  await eventually(() => lines().includes("up"));
  await manager.stop();
  assert.deepEqual(lines(), ["up", "bye"]);
  assert.match(messages().at(-2)!, /^Stopping: Sending SIGTERM to process \/bin\/job \(PID \d+\)$/);
  assert.equal(messages().at(-1), "Finished: Service finished successfully");
});

Deno.test("processRunner() kills a process that ignores SIGTERM after the grace time", async () => {
  const { manager, lines, messages } = world(
    "trap '' TERM; echo up; while :; do sleep 0.05; done",
    {
      graceMs: 100,
    },
  );
  manager.start();
  await eventually(() => lines().includes("up"));
  await manager.stop();
  assert.match(messages().at(-2)!, /^Stopping: Sending SIGKILL/);
});

Deno.test("processRunner() does not wait for a grandchild that holds the output open", async () => {
  const { manager, lines } = world("sleep 20 & echo $!; exit 1");
  manager.start();
  await eventually(() => lines().length === 2);
  await manager.stop();
  for (const line of lines()) {
    assert.match(line, /^\d+$/);
    try {
      Deno.kill(Number(line), "SIGKILL");
    } catch {
      // It may be gone with its pipe.
    }
  }
});

Deno.test("processRunner() writes the newest input at each start and later ones as they come", async () => {
  const input = new Latest<string>();
  const { manager, lines } = world(
    "while read -r line; do echo got $line; [ $line != die ] || exit 1; done",
    {
      input,
    },
  );
  input.set("superseded");
  input.set("one");
  manager.start();
  await eventually(() => lines().includes("got one"));
  input.set("two");
  await eventually(() => lines().includes("got two"));
  input.set("die");
  await eventually(() => lines().filter((line) => line === "got die").length === 2);
  input.set("three");
  await eventually(() => lines().includes("got three"));
  await manager.stop();
  assert.ok(!lines().includes("got superseded"));
});

Deno.test("processRunner() survives a process that never reads its stdin", async () => {
  const input = new Latest("x".repeat(1_000_000));
  const { manager } = world("exec sleep 60", { input, graceMs: 5_000 });
  manager.start();
  await manager.waitUp(["job"], { timeoutMs: 5_000 });
  await manager.stop();
  assert.equal(manager.status("job")?.state, "Finished");
});

Deno.test("processRunner() turns a failing launch into a retried failure", async () => {
  const manager = new ServiceManager({ backoffMs: 20 });
  let launches = 0;
  const failing: ProcessLauncher<undefined> = {
    launch() {
      launches++;
      throw new Error("Cannot launch: no memory");
    },
  };
  manager.load({
    id: "job",
    run: processRunner({ launcher: failing, spec: undefined, name: "job", log: () => {} }),
  });
  manager.start();
  await eventually(() => launches > 2);
  assert.match(manager.status("job")!.events.at(1)!.message, /Cannot launch: no memory, going to/);
  await manager.stop();
});
