import assert from "node:assert/strict";
import { join } from "node:path";
import { ConsoleTail, troublesIn } from "./console.ts";

Deno.test("troublesIn() gives the lines that no sound boot has", () => {
  const console = [
    "[    0.000000] Linux version 6.1.0",
    "[    1.2] XFS (vda3): Ending clean mount",
    "[    1.3] XFS (vda4): Starting recovery (logdev: internal)\r",
    "[    2.0] talos: [initramfs] switching root",
    "[    9.9] task startUdevd (3/9): failed: no answer",
    "[   10.0] WARNING: CPU: 1 PID: 1 at kernel/exit.c:1",
    "[   11.0] boot sequence: done: 20 s",
  ].join("\n");
  assert.deepEqual(troublesIn(console), [
    "[    1.3] XFS (vda4): Starting recovery (logdev: internal)",
    "[    9.9] task startUdevd (3/9): failed: no answer",
    "[   10.0] WARNING: CPU: 1 PID: 1 at kernel/exit.c:1",
  ]);
});

Deno.test("ConsoleTail reads what has come since it was told to begin anew", async () => {
  const directory = await Deno.makeTempDir({ prefix: "console-tail-" });
  try {
    const log = join(directory, "console.log");
    const tail = new ConsoleTail({ directory });
    await Deno.writeTextFile(log, "first boot\n");
    assert.equal(await tail.read(), "first boot\n");
    await tail.next();
    assert.equal(await tail.read(), "");
    await Deno.writeTextFile(log, "second boot\n", { append: true });
    assert.equal(await tail.read(), "second boot\n");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
