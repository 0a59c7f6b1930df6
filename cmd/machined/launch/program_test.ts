import assert from "node:assert/strict";
import { basename } from "node:path";
import { openMedium, probe } from "$lib/disk/mod.ts";
import { attachLoop } from "$ffi/loop.ts";
import { FdPoller } from "$ffi/poller.ts";
import { formatXfs } from "../tasks/xfs.ts";
import { programLauncher, type ProgramSpec, runProgram } from "./program.ts";

const NEVER = new AbortController().signal;
const asRoot = { ignore: Deno.build.os !== "linux" || Deno.uid() !== 0 };
const mkfs = await Deno.stat("/sbin/mkfs.xfs").then(() => true, () => false);

function world() {
  const poller = new FdPoller();
  const workerUrl = new URL("../../../ffi/launcher_main.ts", import.meta.url);
  const launcher = programLauncher({ workerUrl, poller });
  return {
    launcher,
    run: (spec: ProgramSpec, signal = NEVER) => runProgram(launcher, spec, signal),
    [Symbol.asyncDispose]: () => poller[Symbol.asyncDispose](),
  };
}

Deno.test("runProgram() tells how a program failed, and what it said last", asRoot, async () => {
  await using host = world();
  await host.run({ path: "/bin/true", args: [] });
  await assert.rejects(
    host.run({ path: "/bin/sh", args: ["-c", "echo trying; echo no such disk >&2; exit 3"] }),
    /^Error: \/bin\/sh exited with code 3: .*no such disk/,
  );
});

Deno.test("runProgram() passes every right on", asRoot, async () => {
  await using host = world();
  const status = await Deno.readTextFile("/proc/self/status");
  const ours = /^CapBnd:.*$/m.exec(status)?.[0] ?? "";
  const script = 'test "$(grep ^CapBnd: /proc/self/status)" = "$1" && ' +
    "grep -q '^NoNewPrivs:.0' /proc/self/status";
  await host.run({ path: "/bin/sh", args: ["-c", script, "sh", ours] });
});

Deno.test("runProgram() kills what takes too long", asRoot, async () => {
  await using host = world();
  const late = AbortSignal.timeout(200);
  await assert.rejects(host.run({ path: "/bin/sleep", args: ["60"] }, late));
});

Deno.test(
  "formatXfs() labels a blank device, refuses one that holds something, and makes half of one anew",
  {
    ignore: asRoot.ignore || !mkfs,
  },
  async () => {
    await using host = world();
    const path = await Deno.makeTempFile();
    const sizeBytes = 400 << 20;
    await Deno.truncate(path, sizeBytes);
    {
      using loop = attachLoop(path, { autoclear: true });
      const device = { name: basename(loop.path), readOnly: false, sizeBytes, blank: true };
      const format = formatXfs(host.launcher);
      await format(device, "EPHEMERAL", NEVER);
      await using medium = await openMedium(loop.path, { sizeBytes });
      assert.deepEqual(await probe(medium), { blank: false, xfsLabel: "EPHEMERAL" });
      await assert.rejects(
        format(device, "EPHEMERAL", NEVER),
        /mkfs\.xfs exited with code 1: .*filesystem/,
      );
      const { unfinished } = await probe(medium);
      assert.deepEqual(unfinished, { work: "format", label: "EPHEMERAL" });
      await format({ ...device, unfinished: unfinished! }, "EPHEMERAL", NEVER);
      assert.deepEqual(await probe(medium), { blank: false, xfsLabel: "EPHEMERAL" });
    }
    await Deno.remove(path);
  },
);
