import assert from "node:assert/strict";
import type { BlockDevice } from "$lib/disk/mod.ts";
import { mountEphemeralPartition } from "./var.ts";

const ENCRYPTION = { provider: "luks2", keys: [] };

async function run(
  devices: readonly BlockDevice[],
  encryption?: typeof ENCRYPTION,
): Promise<{ done: string[]; lines: string[] }> {
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
    encryption: () => encryption,
    openEncrypted(device, { label, format }) {
      done.push(`open ${device.name} ${label}${format ? ", made first" : ""}`);
      return Promise.resolve({ ...device, name: "dm-1" });
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

Deno.test("mountEphemeralPartition() mounts the plain side of an encrypted volume", async () => {
  const mounted = ["xfs /dev/dm-1 /var", "grow /var 1023"];
  const blank = await run([DISK], ENCRYPTION);
  assert.deepEqual(blank.done, ["open vda EPHEMERAL, made first", ...mounted]);
  const made = await run([{ ...DISK, blank: false, luksLabel: "EPHEMERAL" }], ENCRYPTION);
  assert.deepEqual(made.done, ["open vda EPHEMERAL", ...mounted]);
});

Deno.test("mountEphemeralPartition() takes no volume that is encrypted against the configuration", async () => {
  const clear = { ...DISK, blank: false, xfsLabel: "EPHEMERAL" };
  await assert.rejects(run([clear], ENCRYPTION), /\/dev\/vda for \/var: it is not encrypted/);
  const encrypted = { ...DISK, blank: false, luksLabel: "EPHEMERAL" };
  await assert.rejects(run([encrypted]), /it is encrypted, and machine\.\S+ has no key/);
});
