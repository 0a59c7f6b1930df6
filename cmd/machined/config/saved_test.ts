import assert from "node:assert/strict";
import { join } from "node:path";
import { MAX_CONFIG_BYTES } from "$lib/config/mod.ts";
import { attachLoop } from "$ffi/loop.ts";
import { mount, unmount } from "$ffi/mount.ts";
import { lacksPath, lacksProgram, output, rootTest } from "$ffi/testing.ts";
import { SavedConfig } from "./saved.ts";

async function withVolume(
  run: (saved: SavedConfig, directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "state-" });
  try {
    await run(new SavedConfig(directory), directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const names = (directory: string) => [...Deno.readDirSync(directory)].map(({ name }) => name);
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

Deno.test("SavedConfig saves nothing without a volume", () =>
  withVolume(async (saved, directory) => {
    assert.equal(saved.available, false);
    assert.equal(await saved.read(), undefined);
    await assert.rejects(saved.save("a: 1\n"), /no volume is mounted/);
    await saved.open("/dev/vdb");
    await saved.save("a: 1\n");
    saved.close();
    await assert.rejects(saved.save("a: 2\n"), /no volume is mounted/);
    assert.equal(await Deno.readTextFile(join(directory, "config.yaml")), "a: 1\n");
  }));

Deno.test("SavedConfig gives back what was saved, which only root may read", () =>
  withVolume(async (saved, directory) => {
    await saved.open("/dev/vdb");
    assert.equal(await saved.read(), undefined);
    for (const next of ["a: 1 # fine\n", "b: ü\n"]) {
      await saved.save(next);
      assert.equal(text(await saved.read()), next);
    }
    assert.deepEqual(names(directory), ["config.yaml"]);
    assert.equal((await Deno.stat(join(directory, "config.yaml"))).mode! & 0o777, 0o600);
    assert.equal((await Deno.stat(directory)).mode! & 0o777, 0o700);
  }));

Deno.test("SavedConfig removes what a power cut left, and nothing else", () =>
  withVolume(async (saved, directory) => {
    for (const name of [".tmp-1", "config.yaml", "other"]) {
      await Deno.writeTextFile(join(directory, name), name);
    }
    await saved.open("/dev/vdb");
    assert.deepEqual(names(directory).toSorted(), ["config.yaml", "other"]);
  }));

Deno.test("SavedConfig keeps the former configuration when it cannot save another", () =>
  withVolume(async (saved) => {
    await saved.open("/dev/vdb");
    await saved.save("old: 1\n");
    await assert.rejects(
      saved.save("ü".repeat(MAX_CONFIG_BYTES / 2 + 1)),
      /^Error: Cannot save the configuration in ".*config\.yaml" on \/dev\/vdb, .*: 4194306 bytes/,
    );
    assert.equal(text(await saved.read()), "old: 1\n");
  }));

for (
  const [what, fill] of [
    ["bytes", async (directory) => {
      using file = await Deno.create(join(directory, "filling"));
      for (;;) await file.write(new Uint8Array(4096));
    }],
    ["inodes", async (directory) => {
      // Directories take the blocks that inodes would: what is left has room for neither.
      await Deno.mkdir(join(directory, "filling"));
      for (let i = 0;; i++) await Deno.mkdir(join(directory, "filling", `${i}`));
    }],
  ] as [string, (directory: string) => Promise<void>][]
) {
  rootTest(
    `SavedConfig keeps the former configuration on a volume without ${what}, and saves again after`,
    () =>
      withVolume(async (_, directory) => {
        const file = join(directory, "volume");
        const target = join(directory, "mounted");
        await Deno.mkdir(target);
        await Deno.writeFile(file, new Uint8Array());
        await Deno.truncate(file, 100 << 20);
        await output("mkfs.xfs", ["-q", "--unsupported", file]);
        using loop = attachLoop(file, { autoclear: true });
        mount({ source: loop.path, target, type: "xfs" });
        try {
          const saved = new SavedConfig(target);
          await saved.open(loop.path);
          await saved.save("old: 1\n");
          await assert.rejects(fill(target), { code: "ENOSPC" });
          await assert.rejects(
            saved.save(`new: ${"x".repeat(MAX_CONFIG_BYTES / 2)}\n`),
            /what was saved before stays: .*; make room on the volume and apply it again$/,
          );
          assert.equal(text(await saved.read()), "old: 1\n");
          assert.deepEqual(names(target).toSorted(), ["config.yaml", "filling"]);
          await Deno.remove(join(target, "filling"), { recursive: true });
          await saved.save("new: 2\n");
          assert.equal(text(await saved.read()), "new: 2\n");
        } finally {
          unmount(target);
        }
      }),
    lacksPath("/dev/loop-control") ?? lacksProgram("mkfs.xfs"),
  );
}
