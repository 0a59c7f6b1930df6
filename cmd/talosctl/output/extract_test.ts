import assert from "node:assert/strict";
import { packTar, type TarEntry } from "modern-tar";
import { extractTarGz, insidePath } from "./extract.ts";

async function* gzipped(entries: TarEntry[]): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const tar = new Blob([await packTar(entries)]).stream();
  for await (const chunk of tar.pipeThrough(new CompressionStream("gzip"))) yield chunk;
}

Deno.test("extractTarGz() unpacks directories, files and links", async () => {
  const root = await Deno.makeTempDir();
  const big = "x".repeat(300_000);
  await extractTarGz(
    Deno,
    root,
    gzipped([
      { header: { name: "sub/", size: 0, type: "directory" } },
      { header: { name: "sub/a", size: big.length }, body: big },
      { header: { name: "link", size: 0, type: "symlink", linkname: "sub/a" } },
      { header: { name: "null", size: 0, type: "character-device" } },
      { header: { name: "deep/er/b", size: 2 }, body: "hi" },
    ]),
  );
  assert.equal(await Deno.readTextFile(`${root}/link`), big);
  assert.equal(await Deno.readTextFile(`${root}/deep/er/b`), "hi");
  await assert.rejects(Deno.lstat(`${root}/null`), Deno.errors.NotFound);
  await Deno.remove(root, { recursive: true });
});

Deno.test("extractTarGz() does not write through a link that leads outside", async () => {
  const outside = await Deno.makeTempDir();
  const root = await Deno.makeTempDir();
  const archive = gzipped([
    { header: { name: "out", size: 0, type: "symlink", linkname: outside } },
    { header: { name: "out/evil", size: 1 }, body: "x" },
  ]);
  await assert.rejects(extractTarGz(Deno, root, archive), /leads out of the target directory/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(outside)), []);
  await Deno.remove(root, { recursive: true });
  await Deno.remove(outside, { recursive: true });
});

Deno.test("extractTarGz() does not overwrite what a link points to", async () => {
  const root = await Deno.makeTempDir();
  const victim = await Deno.makeTempFile();
  const archive = gzipped([
    { header: { name: "f", size: 0, type: "symlink", linkname: victim } },
    { header: { name: "f", size: 1 }, body: "x" },
  ]);
  await assert.rejects(extractTarGz(Deno, root, archive));
  assert.equal(await Deno.readTextFile(victim), "");
  await Deno.remove(root, { recursive: true });
  await Deno.remove(victim);
});

Deno.test("extractTarGz() fails on an archive that is cut off", async () => {
  const root = await Deno.makeTempDir();
  const whole = await Array.fromAsync(
    gzipped([{
      header: { name: "a", size: 50_000 },
      body: crypto.getRandomValues(new Uint8Array(50_000)),
    }]),
  );
  const cut = (whole[0] ?? new Uint8Array()).slice(0, 1_000);
  await assert.rejects(extractTarGz(Deno, root, ReadableStream.from([cut])));
  await Deno.remove(root, { recursive: true });
});

for (const name of ["../x", "a/../../x", "/../x"]) {
  Deno.test(`insidePath() keeps "${name}" inside or refuses it`, () => {
    if (name.startsWith("/")) assert.equal(insidePath("/r", "/x"), "/r/x");
    assert.throws(() => insidePath("/r", name), /outside of the target/);
  });
}
