import assert from "node:assert/strict";
import { endProcess, isRunning, markProcess, startedAt, startTime } from "./process.ts";

Deno.test("startTime() reads past a name with blanks and parentheses", () => {
  const rest = Array.from({ length: 30 }, (_, index) => String(index + 4)).join(" ");
  assert.equal(startTime(`42 (a) b (c)) S ${rest}`), "22");
  assert.equal(startTime(`42 (x) Z ${rest}`), undefined);
});

Deno.test("endProcess() ends the process that was marked", async () => {
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const mark = await markProcess("qemu", child.pid);
  assert.ok(await isRunning(mark));
  await endProcess(mark);
  assert.equal(await isRunning(mark), false);
  assert.equal((await child.status).signal, "SIGTERM");
});

Deno.test("endProcess() insists when a process does not listen", async () => {
  const child = new Deno.Command("sh", {
    args: ["-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await endProcess(await markProcess("qemu", child.pid), 300);
  await reader.cancel();
  assert.equal((await child.status).signal, "SIGKILL");
});

Deno.test("endProcess() leaves a process alone that only has the same id", async () => {
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const mark = await markProcess("qemu", child.pid);
  await endProcess({ ...mark, started: `${Number(mark.started) - 1}` });
  assert.ok(await isRunning(mark));
  child.kill("SIGKILL");
  await child.status;
  await endProcess(mark);
  assert.equal(await startedAt(child.pid), undefined);
});
