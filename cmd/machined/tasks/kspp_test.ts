import assert from "node:assert/strict";
import { KernelCmdline } from "$lib/cmdline/mod.ts";
import { enforceKsppRequirements, missingArguments, type Sysctls } from "./kspp.ts";

const SIGNAL = new AbortController().signal;

function recorder(known: (name: string) => boolean): Sysctls & { written: string[] } {
  const written: string[] = [];
  return { written, exists: known, write: (name) => void written.push(name) };
}

const CASES: readonly [string, string[]][] = [
  ["slab_nomerge pti=on", []],
  ["slab_nomerge= pti=on quiet", []],
  ["slab_nomerge pti=off", ["pti=on"]],
  ["slab_nomerge pti=on pti=off", ["pti=on"]],
  ["slab_nomerge pti=off pti=on", []],
  ["quiet", ["slab_nomerge", "pti=on"]],
];
for (const [line, missing] of CASES) {
  Deno.test(`missingArguments() of "${line}" are ${missing.join(" and ") || "none"}`, () => {
    const cmdline = KernelCmdline.parse(line);
    assert.deepEqual(missingArguments(cmdline, true), missing);
  });
}

Deno.test("missingArguments() leaves pti to the kernel on processors without Meltdown alone", () => {
  const [auto, off] = ["pti=on pti=auto", "pti=off"].map((pti) =>
    KernelCmdline.parse(`slab_nomerge ${pti}`)
  );
  assert.deepEqual(missingArguments(auto!, false), []);
  assert.deepEqual(missingArguments(auto!, true), ["pti=on"]);
  assert.deepEqual(missingArguments(off!, false), ["pti=on"]);
});

Deno.test("enforceKsppRequirements() refuses to go on before it touches a sysctl", () => {
  const sysctls = recorder(() => true);
  const cmdline = KernelCmdline.parse("pti=on");
  const task = enforceKsppRequirements({ cmdline, sysctls, log: () => {} });
  assert.throws(() => task.run(SIGNAL), /command line lacks slab_nomerge/);
  assert.deepEqual(sysctls.written, []);
});

Deno.test("enforceKsppRequirements() logs a sysctl that the kernel does not know", () => {
  const sysctls = recorder((name) => name !== "dev.tty.legacy_tiocsti");
  const lines: string[] = [];
  const cmdline = KernelCmdline.parse("slab_nomerge pti=on");
  enforceKsppRequirements({ cmdline, sysctls, log: (line) => lines.push(line) }).run(SIGNAL);
  assert.ok(sysctls.written.includes("kernel.kptr_restrict"));
  assert.deepEqual(lines, ["sysctl dev.tty.legacy_tiocsti is not known to this kernel"]);
});
