import assert from "node:assert/strict";
import { usageOf } from "./usage.ts";

async function world(): Promise<{ paths: { proc: string; cgroups: string } } & AsyncDisposable> {
  const root = await Deno.makeTempDir();
  const paths = { proc: `${root}/proc`, cgroups: `${root}/cgroup` };
  await Deno.mkdir(`${paths.proc}/7`, { recursive: true });
  await Deno.writeTextFile(`${paths.proc}/7/cgroup`, "0::/podruntime/etcd\n");
  await Deno.mkdir(`${paths.cgroups}/podruntime/etcd`, { recursive: true });
  const group = `${paths.cgroups}/podruntime/etcd`;
  await Deno.writeTextFile(`${group}/memory.current`, "4096\n");
  await Deno.writeTextFile(`${group}/cpu.stat`, "usage_usec 12\nuser_usec 7\n");
  return { paths, [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }) };
}

Deno.test("usageOf() reads memory and processor time of a process's group", async () => {
  await using host = await world();
  assert.deepEqual(await usageOf(7, host.paths), { memoryBytes: 4096n, cpuNs: 12_000n });
});

Deno.test("usageOf() gives nothing for a process that is gone", async () => {
  await using host = await world();
  assert.equal(await usageOf(8, host.paths), undefined);
});
