import assert from "node:assert/strict";
import type { Clock } from "$lib/service/mod.ts";
import { verifyDisk, type VerifyDiskDeps } from "./verify_disk.ts";

const SIGNAL = new AbortController().signal;

function world(
  busyFor: number,
): { deps: VerifyDiskDeps; logged: string[]; unmounts: () => number } {
  const logged: string[] = [];
  let now = 0;
  let unmounts = 0;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms) => void (now += ms),
  };
  const deps: VerifyDiskDeps = {
    isBusy: (path) => path === "/dev/vda4" && unmounts < busyFor,
    devices: ["/dev/vda3", "/dev/vda4"],
    unmount: async () => void unmounts++,
    mounts: async () => "/dev/vda4 /var xfs rw 0 0\ntmpfs /run tmpfs rw 0 0\n",
    clock,
    log: (line) => void logged.push(line),
  };
  return { deps, logged, unmounts: () => unmounts };
}

Deno.test("verifyDisk() goes on at once when nobody uses the disk", async () => {
  const { deps, logged } = world(0);
  await verifyDisk(deps).run(SIGNAL);
  assert.deepEqual(logged, []);
});

Deno.test("verifyDisk() tries to unmount again, and tells the mounts once", async () => {
  const { deps, logged, unmounts } = world(3);
  await verifyDisk(deps).run(SIGNAL);
  assert.equal(unmounts(), 3);
  assert.deepEqual(logged, ["/dev/vda4 in use: /dev/vda4 at /var"]);
});

Deno.test("verifyDisk() ends after three minutes and names the device", async () => {
  const { deps } = world(Infinity);
  await assert.rejects(Promise.resolve(verifyDisk(deps).run(SIGNAL)), {
    message: "/dev/vda4 in use after 3 minutes",
  });
});
