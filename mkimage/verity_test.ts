import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "./hash.ts";
import { run } from "./run.ts";
import { Scratch } from "./testing.ts";
import { isOnPath } from "./tools.ts";
import { BLOCK_BYTES, concat, padToBlock, verityTree } from "./verity.ts";

const SALT = "0123456789abcdef".repeat(4);
const UUID = "00112233-4455-6677-8899-aabbccddeeff";

function sample(blocks: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(blocks * BLOCK_BYTES);
  for (let i = 0; i < bytes.length; i++) bytes[i] = i * 31 + (i >> 12);
  return bytes;
}

// One block; one full level; one more than that; three levels.
for (const blocks of [1, 2, 128, 129, 16_385]) {
  Deno.test({
    name: `verityTree() of ${blocks} blocks equals veritysetup's byte for byte (needs veritysetup)`,
    ignore: !await isOnPath("veritysetup"),
    async fn() {
      await using scratch = await Scratch.make();
      const file = join(scratch.path, "image");
      const data = sample(blocks);
      await Deno.writeFile(file, data);
      const said = await run("/usr/sbin/veritysetup", [
        ...["format", file, file, "--hash-offset", String(data.length), "--salt", SALT],
        ...["--uuid", UUID, "--data-blocks", String(blocks)],
      ]);
      const { appendix, verity } = verityTree(data, { saltHex: SALT, uuidHex: UUID });
      assert.equal(verity.rootHash, /Root hash:\s+(\S+)/.exec(said)?.[1]);
      assert.equal(sha256(await Deno.readFile(file)), sha256(concat([data, appendix])));
    },
  });
}

Deno.test("verityTree() changes its root hash with each flipped byte", () => {
  const data = sample(3);
  const root = () => verityTree(data, { saltHex: SALT, uuidHex: UUID }).verity.rootHash;
  const before = root();
  for (const at of [0, BLOCK_BYTES, data.length - 1]) {
    data[at] = data[at]! ^ 1;
    assert.notEqual(root(), before);
    data[at] = data[at]! ^ 1;
  }
  assert.equal(root(), before);
});

Deno.test("verityTree() refuses data that does not end on a block", () => {
  const options = { saltHex: SALT, uuidHex: UUID };
  assert.throws(() => verityTree(new Uint8Array(5), options), /no whole number of blocks/);
  assert.throws(() => verityTree(new Uint8Array(0), options), RangeError);
});

Deno.test("padToBlock() adds zeros up to the next block and none to a whole one", () => {
  assert.equal(padToBlock(new Uint8Array(1)).length, BLOCK_BYTES);
  assert.equal(padToBlock(new Uint8Array(BLOCK_BYTES)).length, BLOCK_BYTES);
});
