import assert from "node:assert/strict";
import { join } from "node:path";
import { hashFile } from "./hash.ts";
import { run } from "./run.ts";
import { makeSquashfs } from "./squashfs.ts";
import { Scratch } from "./testing.ts";
import { isOnPath } from "./tools.ts";
import { Tree, walkTree } from "./tree.ts";

const ignore = !await isOnPath("mksquashfs");

async function sample(root: string, order: readonly string[]): Promise<Tree> {
  const tree = new Tree(root);
  await tree.directory("/");
  for (const name of order) await tree.write(`/etc/${name}`, name);
  await tree.write("/usr/bin/program", "#!", 0o755);
  await tree.symlink("/bin", "usr/bin");
  return tree;
}

Deno.test({
  name: "makeSquashfs() gives equal bytes for equal trees made in another order and umask",
  ignore,
  async fn() {
    await using scratch = await Scratch.make();
    const first = await sample(join(scratch.path, "a"), ["x", "y", "z"]);
    const before = Deno.umask(0o077);
    const second = await sample(join(scratch.path, "b"), ["z", "x", "y"]).finally(() =>
      Deno.umask(before)
    );
    await Deno.utime(second.host("/etc/x"), 1, 1);
    const images = [join(scratch.path, "1"), join(scratch.path, "2")] as const;
    await makeSquashfs(first.root, images[0], 1_000_000);
    await makeSquashfs(second.root, images[1], 1_000_000);
    assert.deepEqual(await hashFile(images[0]), await hashFile(images[1]));
    const listing = await run("unsquashfs", ["-lln", images[0]]);
    const rows = listing.trim().split("\n").filter((row) => row.includes("squashfs-root"));
    assert.ok(rows.length >= 8);
    for (const row of rows) assert.match(row, /^\S+ 0\/0 .* 1970-01-12 13:46 squashfs-root/);
  },
});

Deno.test("walkTree() gives directories before what is in them, in byte order", async () => {
  await using scratch = await Scratch.make();
  const tree = await sample(join(scratch.path, "t"), ["b", "a"]);
  assert.deepEqual((await walkTree(tree.root)).map(({ path }) => path), [
    "/bin",
    "/etc",
    "/etc/a",
    "/etc/b",
    "/usr",
    "/usr/bin",
    "/usr/bin/program",
  ]);
});
