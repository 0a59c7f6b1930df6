import assert from "node:assert/strict";
import type { BlockDevice } from "$lib/disk/mod.ts";
import { mountStatePartition } from "./state.ts";

const DISK: BlockDevice = { name: "vdb", readOnly: false, sizeBytes: 1 << 30, blank: false };

function run(devices: readonly BlockDevice[], broken = false) {
  const done: string[] = [];
  const lines: string[] = [];
  const task = mountStatePartition({
    mounter: {
      mount({ type, source, target, flags }) {
        if (broken) throw new Error("Structure needs cleaning");
        done.push(`${type} ${source} ${target} ${flags}`);
      },
    },
    modules: { load: (names) => Promise.resolve(void done.push(`module ${names}`)) },
    savedConfig: { open: (device) => Promise.resolve(void done.push(`open ${device}`)) },
    log: (line) => lines.push(line),
    blockDevices: () => Promise.resolve(devices),
    format: ({ name }, label) => Promise.resolve(void done.push(`format ${name} ${label}`)),
    openState(device) {
      done.push(`unlock ${device.name}`);
      return Promise.resolve({ ...device, name: "dm-0" });
    },
  });
  const end = Promise.resolve(task.run(new AbortController().signal));
  return { done, lines, end };
}

const NOSUID_NODEV_NOEXEC = 2 | 4 | 8;
const MOUNTED = [`xfs /dev/vdb /system/state ${NOSUID_NODEV_NOEXEC}`, "open /dev/vdb"];

Deno.test("mountStatePartition() mounts the volume so that nothing on it can act", async () => {
  const { done, end } = run([{ ...DISK, xfsLabel: "STATE" }]);
  await end;
  assert.deepEqual(done, ["module xfs", ...MOUNTED]);
});

Deno.test("mountStatePartition() makes the volume on a blank device that is meant for it", async () => {
  const { done, end } = run([{ ...DISK, blank: true, volumeName: "STATE" }]);
  await end;
  assert.deepEqual(done, ["module xfs", "format vdb STATE", ...MOUNTED]);
});

Deno.test("mountStatePartition() makes half a volume anew, and says so", async () => {
  const unfinished = { work: "format", label: "STATE" } as const;
  const { done, lines, end } = run([{ ...DISK, xfsLabel: "STATE", unfinished }]);
  await end;
  assert.deepEqual(done, ["module xfs", "format vdb STATE", ...MOUNTED]);
  assert.match(lines[0]!, /^\/dev\/vdb is half made, since that was cut off: making the volume$/);
});

Deno.test("mountStatePartition() mounts the plain side of an encrypted volume", async () => {
  const { done, end } = run([{ ...DISK, luksLabel: "STATE" }]);
  await end;
  assert.deepEqual(done, [
    ...["module xfs", "module dm_crypt,aesni_intel,xts,ecb", "unlock vdb"],
    ...[`xfs /dev/dm-0 /system/state ${NOSUID_NODEV_NOEXEC}`, "open /dev/dm-0"],
  ]);
});

Deno.test("mountStatePartition() goes on without a volume, whatever else is there, and says so", async () => {
  for (const device of [{ ...DISK, blank: true }, { ...DISK, xfsLabel: "EPHEMERAL" }]) {
    const { done, lines, end } = run([device]);
    await end;
    assert.deepEqual(done, []);
    assert.match(lines[0]!, /^No STATE volume: .* a reboot forgets it$/);
  }
});

for (
  const [name, device, broken, reason] of [
    ["that holds something else", { volumeName: "STATE" }, false, /it holds no XFS filesystem; /],
    ["that is read-only", { volumeName: "STATE", readOnly: true }, false, /it is read-only; /],
    ["that does not mount", { xfsLabel: "STATE" }, true, /Structure needs cleaning; /],
  ] as const
) {
  Deno.test(`mountStatePartition() does not go on with a volume ${name}`, async () => {
    const { done, end } = run([{ ...DISK, ...device }], broken);
    await assert.rejects(end, (error: Error) => {
      assert.match(error.message, reason);
      assert.match(
        error.message,
        /\/dev\/vdb.*"xfs_repair \/dev\/vdb".*"mkfs\.xfs -f -L STATE \/dev\/vdb"/,
      );
      return true;
    });
    assert.ok(!done.some((line) => line.startsWith("open")));
  });
}
