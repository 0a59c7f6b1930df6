import assert from "node:assert/strict";
import { attachLoop } from "./loop.ts";
import { lacksDeviceMapper, lacksProgram, output, rootTest } from "./testing.ts";
import { isCorrupted, openVerity, verityTarget } from "./verity.ts";

const ROOT = "ab".repeat(32);
const IMAGE = { device: "/dev/loop0", dataBlocks: 100, rootHash: ROOT, salt: "0102" };

Deno.test("verityTarget() writes the line that dm-verity reads, tree behind a superblock", () => {
  assert.deepEqual(verityTarget({ ...IMAGE, onCorruption: "panic" }), {
    start: 0n,
    length: 800n,
    type: "verity",
    params: `1 /dev/loop0 /dev/loop0 4096 4096 100 101 sha256 ${ROOT} 0102 1 panic_on_corruption`,
  });
});

Deno.test("verityTarget() writes - for no salt and no options for plain errors", () => {
  assert.ok(verityTarget({ ...IMAGE, salt: "" }).params.endsWith(`sha256 ${ROOT} -`));
});

Deno.test("verityTarget() refuses a hash that could bring options of its own", () => {
  assert.throws(() => verityTarget({ ...IMAGE, rootHash: `${ROOT} - 1 ignore` }), TypeError);
  assert.throws(() => verityTarget({ ...IMAGE, rootHash: "" }), TypeError);
});

rootTest("openVerity() reads sound blocks, and refuses a changed one", async () => {
  const dir = await Deno.makeTempDir({ prefix: "verity-" });
  const blocks = 64;
  try {
    const path = `${dir}/image`;
    await Deno.writeFile(path, new Uint8Array(blocks * 4096).fill(7));
    const printed = await output("veritysetup", [
      "format",
      `--hash-offset=${blocks * 4096}`,
      "--salt=0102",
      path,
      path,
    ]);
    const rootHash = /Root hash:\s+([0-9a-f]+)/.exec(printed)?.[1] ?? "";
    {
      using file = await Deno.open(path, { write: true });
      await file.seek(4096 * 5, Deno.SeekMode.Start);
      await file.write(new Uint8Array([8]));
    }
    using loop = attachLoop(path, { readOnly: true, autoclear: true });
    const image = { device: loop.path, dataBlocks: blocks, rootHash, salt: "0102" };
    const device = openVerity(`test-verity-${Deno.pid}`, image);
    try {
      assert.equal(device.info().readOnly, true);
      assert.equal(isCorrupted(device), false);
      using opened = await Deno.open(device.info().path);
      const block = new Uint8Array(4096);
      assert.equal(await opened.read(block), 4096);
      assert.equal(block[0], 7);
      await opened.seek(4096 * 5, Deno.SeekMode.Start);
      await assert.rejects(opened.read(block), /os error 5/);
      assert.equal(isCorrupted(device), true);
    } finally {
      device.remove();
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, lacksDeviceMapper() ?? lacksProgram("veritysetup"));
