import assert from "node:assert/strict";
import { basename } from "node:path";
import { openMedium, probe } from "$lib/disk/mod.ts";
import { Fd, O } from "$ffi/fd.ts";
import { attachLoop } from "$ffi/loop.ts";
import { lacksPath, rootTest } from "$ffi/testing.ts";
import { wipeDevices } from "./wipe.ts";

const SIZE = 8 << 20;

/** Two devices full of data, for `work`. */
async function withDevices(work: (paths: readonly string[]) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "wipe-" });
  try {
    using stack = new DisposableStack();
    const paths: string[] = [];
    for (const name of ["one", "two"]) {
      const file = `${directory}/${name}`;
      await Deno.writeFile(file, new Uint8Array(SIZE).fill(7));
      paths.push(stack.use(attachLoop(file, { autoclear: true })).path);
    }
    await work(paths);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const devices = (paths: readonly string[]) =>
  paths.map((path) => ({ name: basename(path), sizeBytes: SIZE }));

async function look(path: string) {
  await using medium = await openMedium(path, { sizeBytes: SIZE });
  return await probe(medium);
}

rootTest(
  "wipeDevices() leaves nothing of any of them, and says so",
  () =>
    withDevices(async (paths) => {
      const lines: string[] = [];
      const { signal } = new AbortController();
      await wipeDevices(devices(paths), { log: (line) => lines.push(line), signal });
      assert.deepEqual(lines, paths.map((path) => `${path} is wiped`));
      for (const path of paths) {
        assert.ok((await Deno.readFile(path)).every((byte) => byte === 0));
      }
    }),
  lacksPath("/dev/loop-control"),
);

rootTest(
  "wipeDevices() that is cut off has all of them say that they are to be wiped",
  () =>
    withDevices(async (paths) => {
      const signal = AbortSignal.abort(new Error("no power"));
      await assert.rejects(wipeDevices(devices(paths), { log: () => {}, signal }), /no power/);
      for (const path of paths) {
        assert.deepEqual((await look(path)).unfinished, { work: "wipe" }, path);
      }
    }),
  lacksPath("/dev/loop-control"),
);

rootTest(
  "wipeDevices() touches none while one is in use, and names that",
  () =>
    withDevices(async (paths) => {
      using _user = Fd.open(paths[1]!, O.RDONLY | O.EXCL);
      const { signal } = new AbortController();
      const all = wipeDevices(devices(paths), { log: () => {}, signal });
      await assert.rejects(all, { message: `Cannot wipe ${paths[1]}: in use` });
      for (const path of paths) {
        assert.ok((await Deno.readFile(path)).every((byte) => byte === 7), path);
      }
    }),
  lacksPath("/dev/loop-control"),
);
