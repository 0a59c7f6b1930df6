/**
 * From the start of the machine to the first answer of its API, beside a bare busybox init on the
 * same kernel and machine, in the same run. Processor seconds of the emulator tell more than the
 * clock on a host that does other work too.
 *
 * ```sh
 * deno run -A tests/bench/boot.ts
 * ```
 *
 * @module
 */
import { DIST, startNode } from "../boot/node.ts";
import { Vm } from "../boot/vm.ts";
import { BUSYBOX_UP, busyboxInitramfs } from "./_busybox.ts";
import { cpuMs, print } from "./_process.ts";
import { commandLine, stretches } from "./_timeline.ts";

const LIMIT_MS = 600_000;

interface Taken {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function busybox(cmdline: string): Promise<Taken> {
  const directory = await Deno.makeTempDir({ prefix: "bench-boot-" });
  try {
    const initrd = await busyboxInitramfs(directory);
    const start = performance.now();
    await using vm = Vm.start({ directory, kernel: `${DIST}vmlinuz-amd64`, initrd, cmdline });
    await vm.until(BUSYBOX_UP, LIMIT_MS);
    return await taken(start, vm);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function taken(start: number, vm: Vm): Promise<Taken> {
  const seconds = (performance.now() - start) / 1000;
  return { seconds: round(seconds), cpuSeconds: round(await cpuMs(vm.pid) / 1000) };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

const start = performance.now();
await using node = await startNode();
await node.ready(LIMIT_MS);
const ours = await taken(start, node.vm);
const console = await node.vm.console();
await node.vm[Symbol.asyncDispose]();
const baseline = await busybox(commandLine(console));
print({
  ...ours,
  guestSeconds: stretches(console),
  baseline: { name: "busybox init", ...baseline },
  ratio: round(ours.seconds / baseline.seconds),
  cpuRatio: round(ours.cpuSeconds / baseline.cpuSeconds),
  goalRatio: 7,
});
