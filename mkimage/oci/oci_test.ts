import assert from "node:assert/strict";
import { join } from "node:path";
import { imageList, IMAGES } from "$lib/config/mod.ts";
import { COMPONENTS } from "../components/catalog.ts";
import { NFT } from "../debian_programs.ts";
import { sha256 } from "../hash.ts";
import { run } from "../run.ts";
import { Scratch } from "../testing.ts";
import { Tree } from "../tree.ts";
import { unzstd, zstd } from "../zstd.ts";
import { writeArchive } from "./archive.ts";
import { ociImage } from "./image.ts";
import { tarLayer } from "./layer.ts";
import { OciLayout } from "./layout.ts";
import { chooseRecipes, IMAGE_RECIPES } from "./recipes.ts";
import { parseReference } from "./reference.ts";

async function smallTree(root: string): Promise<Tree> {
  const tree = new Tree(root);
  await tree.directory("/");
  await tree.directory("/tmp", 0o1777);
  await tree.write("/usr/bin/one", "one\n", 0o755);
  await tree.write(`/usr/share/${"long/".repeat(30)}name`, "two\n");
  await tree.symlink("/bin", "usr/bin");
  return tree;
}

Deno.test("tarLayer() is what tar unpacks to the same tree, and the same for equal trees", async () => {
  await using scratch = await Scratch.make();
  const layer = await tarLayer(await smallTree(join(scratch.path, "a")));
  assert.deepEqual(layer, await tarLayer(await smallTree(join(scratch.path, "b"))));
  const file = join(scratch.path, "layer.tar");
  await Deno.writeFile(file, layer);
  const out = join(scratch.path, "out");
  await Deno.mkdir(out);
  await run("tar", ["-xpf", file, "-C", out]);
  await run("diff", ["-r", "--no-dereference", join(scratch.path, "a"), out]);
  assert.equal((await Deno.stat(join(out, "tmp"))).mode! & 0o7777, 0o1777);
  assert.equal((await Deno.stat(join(out, "usr/bin/one"))).mode! & 0o7777, 0o755);
  const owners = await run("tar", ["--numeric-owner", "-tvf", file]);
  for (const line of owners.trim().split("\n")) assert.match(line, / 0\/0 .* 1970-01-01 00:00 /);
});

Deno.test("ociImage() names its layer by the hash of its bytes, and says how to run it", () => {
  const layer = new TextEncoder().encode("layer");
  const { manifest, blobs } = ociImage(layer, { entrypoint: ["/one"], user: "1:1" });
  const read = (digest: string) => JSON.parse(new TextDecoder().decode(blobs.get(digest)));
  const { config, layers } = read(manifest.digest);
  assert.deepEqual(blobs.get(layers[0].digest), layer);
  assert.equal(layers[0].size, 5);
  const { config: settings, rootfs } = read(config.digest);
  assert.deepEqual(rootfs.diff_ids, [layers[0].digest]);
  assert.deepEqual([settings.Entrypoint, settings.User], [["/one"], "1:1"]);
});

Deno.test("ociImage() of a compressed layer names what is carried, and what is unpacked from it", async () => {
  const layer = new TextEncoder().encode("layer ".repeat(100));
  const compressed = await zstd(layer, 3);
  const { manifest, blobs } = ociImage(layer, { entrypoint: ["/one"] }, compressed);
  const read = (digest: string) => JSON.parse(new TextDecoder().decode(blobs.get(digest)));
  const { config, layers: [carried] } = read(manifest.digest);
  assert.equal(carried.mediaType, "application/vnd.oci.image.layer.v1.tar+zstd");
  assert.deepEqual(await unzstd(blobs.get(carried.digest)!), layer);
  assert.equal(carried.size, compressed.length);
  assert.deepEqual(read(config.digest).rootfs.diff_ids, [`sha256:${sha256(layer)}`]);
});

Deno.test("OciLayout finds what was put, replaces a name, and an archive of layouts has all names", async () => {
  await using scratch = await Scratch.make();
  const image = (text: string) =>
    ociImage(new TextEncoder().encode(text), { entrypoint: ["/one"] });
  const layout = new OciLayout(join(scratch.path, "layout"));
  assert.equal(await layout.find("a.io/one:v1"), undefined);
  await layout.put("a.io/one:v1", image("old"));
  await layout.put("a.io/one:v1", image("new"));
  const manifest = await layout.find("a.io/one:v1");
  assert.deepEqual(manifest?.digest, image("new").manifest.digest);

  const other = new OciLayout(join(scratch.path, "other"));
  await other.put("b.io/two:v1", image("new"));
  const file = join(scratch.path, "images.tar");
  const built = (name: string, layout: OciLayout) => ({
    ...{ name, layout, manifest: image("new").manifest, sizeBytes: 3 },
  });
  await writeArchive([built("a.io/one:v1", layout), built("b.io/two:v1", other)], file);
  await run("tar", ["-xf", file, "-C", scratch.path]);
  const whole = new OciLayout(scratch.path);
  for (const name of ["a.io/one:v1", "b.io/two:v1"]) {
    assert.equal((await whole.find(name))?.digest, image("new").manifest.digest);
  }
});

Deno.test("parseReference() takes names apart and refuses those without host or tag", () => {
  const { flannelCni } = IMAGES;
  assert.deepEqual(parseReference(flannelCni), {
    host: "ghcr.io",
    repository: "flannel-io/flannel-cni-plugin",
    tag: "v1.9.0-flannel1",
  });
  assert.equal(parseReference("localhost:5000/one:v1").host, "localhost:5000");
  for (const name of ["one:v1", "library/one:v1", "a.io/one", "a.io/one@sha256:00"]) {
    assert.throws(() => parseReference(name), /not of the form host\/repository:tag/);
  }
});

Deno.test("IMAGE_RECIPES make every image of a cluster but the installer, out of known components", () => {
  const made = IMAGE_RECIPES.map(({ name }) => name).toSorted();
  assert.deepEqual(made, imageList().filter((name) => name !== IMAGES.installer).toSorted());
  const known = COMPONENTS.map(({ name }) => name);
  for (const { programs } of IMAGE_RECIPES) {
    for (const [component] of programs) assert.ok(known.includes(component), component);
  }
});

Deno.test("IMAGE_RECIPES give nft the names of protocols", () => {
  const withNft = IMAGE_RECIPES.filter(({ debian = [] }) => debian.includes(NFT));
  assert.deepEqual(withNft.map(({ name }) => name), [IMAGES.proxy, IMAGES.flannel]);
  for (const { etc } of withNft) {
    for (const protocol of ["tcp 6", "udp 17", "sctp 132"]) {
      assert.match(etc?.["protocols"] ?? "", new RegExp(`^${protocol} `, "m"));
    }
  }
});

Deno.test("chooseRecipes() takes parts of names, also of images that no cluster needs", () => {
  const names = (parts: string[]) => chooseRecipes(parts).map(({ name }) => name);
  assert.deepEqual(chooseRecipes([]), IMAGE_RECIPES);
  assert.deepEqual(names(["pause", "agnhost"]), [
    IMAGES.pause,
    "registry.k8s.io/e2e-test-images/agnhost:2.59",
  ]);
  assert.equal(names([":v1.35.3"]).length, 5);
  assert.throws(() => names(["nosuch"]), /Cannot build images "nosuch": known are registry/);
});
