import assert from "node:assert/strict";
import type { BlockDevice } from "$lib/disk/mod.ts";
import { mountEphemeralPartition } from "./var.ts";

async function run(devices: readonly BlockDevice[]): Promise<{ done: string[]; lines: string[] }> {
  const done: string[] = [];
  const lines: string[] = [];
  await mountEphemeralPartition({
    mounter: { mount: ({ type, source, target }) => done.push(`${type} ${source} ${target}`) },
    log: (line) => lines.push(line),
    disks: {
      growXfs(target, deviceBytes) {
        done.push(`grow ${target} ${deviceBytes >> 20}`);
        return false;
      },
    },
    blockDevices: () => Promise.resolve(devices),
    format: ({ name }, label) => Promise.resolve(void done.push(`format ${name} ${label}`)),
  }).run(new AbortController().signal);
  return { done, lines };
}

const DISK = { name: "vda", readOnly: false, sizeBytes: 1 << 30, blank: true };

Deno.test("mountEphemeralPartition() makes the volume of a blank disk, and says so", async () => {
  const { done, lines } = await run([DISK]);
  assert.deepEqual(done, ["format vda EPHEMERAL", "xfs /dev/vda /var", "grow /var 1023"]);
  assert.match(lines[0]!, /\/dev\/vda is blank/);
});

Deno.test("mountEphemeralPartition() mounts the volume that is there as it is", async () => {
  const { done } = await run([{ ...DISK, blank: false, xfsLabel: "EPHEMERAL" }]);
  assert.deepEqual(done, ["xfs /dev/vda /var", "grow /var 1023"]);
});

Deno.test("mountEphemeralPartition() keeps /var in memory without a disk, and says so", async () => {
  const { done, lines } = await run([{ ...DISK, blank: false }]);
  assert.deepEqual(done, []);
  assert.match(lines[0]!, /kept in memory, and a reboot forgets it/);
});
