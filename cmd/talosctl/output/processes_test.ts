import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { ProcessInfoSchema, ProcessSchema } from "$proto/machine/machine_pb.ts";
import { commandLine, processTable } from "./processes.ts";

const message = create(ProcessSchema, {
  processes: [
    { pid: 2, state: "S", threads: 1, command: "kthreadd", cpuTime: 0.5 },
    {
      pid: 1,
      state: "S",
      threads: 12,
      cpuTime: 0.25,
      virtualMemory: 1_500_000_000n,
      residentMemory: 83_000_000n,
      executable: "/usr/bin/deno",
      args: "deno run -A machined",
    },
  ],
});

Deno.test("processTable() sorts by memory or by CPU time and sets columns two spaces apart", () => {
  const answers = [{ node: "n", named: true, message }];
  const header = "NODE  PID  STATE  THREADS  CPU-TIME  VIRTMEM  RESMEM  COMMAND\n";
  const one =
    "n     1    S      12       0.25      1.5 GB   83 MB   /usr/bin/deno run -A machined\n";
  const two = "n     2    S      1        0.50      0 B      0 B     kthreadd\n";
  assert.equal(processTable(answers, "rss"), header + one + two);
  assert.equal(processTable(answers, "cpu"), header + two + one);
});

Deno.test("commandLine() puts the executable's path where its name stands, $ and all", () => {
  const line = (executable: string, args: string): string =>
    commandLine(create(ProcessInfoSchema, { command: "c", executable, args }));
  assert.equal(line("/opt/$&/x", "x -v"), "/opt/$&/x -v");
  assert.equal(line("/bin/x", "other -v"), "other -v");
  assert.equal(line("", "ignored"), "c");
});
