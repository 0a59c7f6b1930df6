/** The boot assets that are made of the built image, looked at with other people's tools and keys. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { findPart, verifyManifest } from "$lib/image/mod.ts";
import { openMedium, readGpt } from "$lib/disk/mod.ts";
import { buildInstaller, installerName } from "../../mkimage/assets/installer.ts";
import { buildIso } from "../../mkimage/assets/iso.ts";
import { hashFile, partOf } from "../../mkimage/hash.ts";
import { developmentKeys, makeKeys } from "../../mkimage/keys.ts";
import { parseLock } from "../../mkimage/lock.ts";
import { CACHE, DIST, KEY_DIR, LOCK_FILE } from "../../mkimage/paths.ts";
import { run } from "../../mkimage/run.ts";
import { Scratch } from "../../mkimage/testing.ts";
import { isOnPath } from "../../mkimage/tools.ts";
import { diskMissing } from "../boot/disk_image.ts";
import { noImage } from "./built.ts";

const missing = await noImage() ?? await diskMissing() ??
  (await isOnPath("isoinfo") ? undefined : "isoinfo is not installed") ??
  (await isOnPath("sbverify") ? undefined : "sbverify is not installed");

function assetTest(name: string, fn: (directory: string) => Promise<void>): void {
  Deno.test({
    name: `${name}${missing === undefined ? "" : ` (skipped: ${missing})`}`,
    ignore: missing !== undefined,
    async fn() {
      await using scratch = await Scratch.make();
      await fn(scratch.path);
    },
  });
}

async function common() {
  const lock = parseLock(await Deno.readTextFile(LOCK_FILE));
  return { image: DIST, lock, cache: CACHE, extraArguments: [] as string[], say: () => {} };
}

assetTest("mkimage installer makes the same bytes twice, all of them signed", async (directory) => {
  const { privateKey } = await developmentKeys(KEY_DIR);
  const build = async (name: string) =>
    await buildInstaller({ ...await common(), privateKey, output: join(directory, name) });
  const [one, two] = [await build("a"), await build("b")];
  assert.equal(one.manifest.digest, two.manifest.digest);
  const { layers } = await one.layout.manifest(one.manifest);
  await run("tar", ["-xf", one.layout.path(layers[0]!.digest), "-C", directory]);
  const installed = join(directory, "usr/install/amd64");
  const signed = await Deno.readFile(join(installed, "manifest.json"));
  const signature = await Deno.readFile(join(installed, "manifest.json.sig"));
  const publicKey = await Deno.readTextFile(join(DIST, "signing.pub"));
  const manifest = await verifyManifest(signed, signature, publicKey);
  assert.equal(one.name, installerName(manifest.version));
  // One for each architecture, but the program that the node runs.
  await Deno.rename(join(directory, "usr/install/installer.js"), join(installed, "installer.js"));
  const files = (await Array.fromAsync(Deno.readDir(installed))).map(({ name }) => name);
  assert.deepEqual(
    files.filter((name) => !name.startsWith("manifest.json")).sort(),
    manifest.parts.map(({ name }) => name).sort(),
  );
  for (const { name } of manifest.parts) {
    assert.deepEqual(await partOf(name, join(installed, name)), findPart(manifest, name));
  }
});

assetTest("mkimage installer packs no image that another key has signed", async (directory) => {
  const { privateKey } = await makeKeys(join(directory, "keys"));
  const options = { ...await common(), privateKey, output: join(directory, "installer") };
  await assert.rejects(buildInstaller(options), { name: "ManifestError" });
});

assetTest("mkimage iso makes the same bytes twice, a CD and a disk in one", async (directory) => {
  const output = join(directory, "node.iso");
  const hashes: string[] = [];
  for (let i = 0; i < 2; i++) {
    await buildIso({ ...await common(), output, extraArguments: ["talos.config=metal-iso"] });
    hashes.push((await hashFile(output)).sha256);
  }
  assert.equal(hashes[0], hashes[1]);
  const cd = await run("isoinfo", ["-d", "-i", output]);
  assert.match(cd, /^Volume id: TALOS$/m);
  assert.match(cd, /Bootoff 200 512$/m);
  await using medium = await openMedium(output);
  const reading = await readGpt(medium);
  assert.equal(reading?.fault, undefined);
  assert.deepEqual(reading?.gpt.partitions.map(({ firstSector }) => firstSector), [512 * 4]);
  const files = await run("mdir", ["-i", `${output}@@1M`, "-/", "-b", "::/"]);
  assert.match(files, /^::\/EFI\/BOOT\/BOOTX64\.EFI$/m);
});

assetTest("mkimage iso signs for Secure Boot, with the same bytes each time", async (directory) => {
  const output = join(directory, "node.iso");
  const [key, crt] = [join(directory, "boot.key"), join(directory, "boot.crt")];
  await run("openssl", [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=boot key"],
    ...["-days", "2", "-keyout", key, "-out", crt],
  ]);
  const secureBoot = {
    privateKey: await Deno.readTextFile(key),
    certificate: await Deno.readTextFile(crt),
  };
  const hashes: string[] = [];
  for (let i = 0; i < 2; i++) {
    await buildIso({ ...await common(), output, secureBoot });
    hashes.push((await hashFile(output)).sha256);
  }
  assert.equal(hashes[0], hashes[1]);
  const program = join(directory, "boot.efi");
  await run("mcopy", ["-i", `${output}@@1M`, "::/EFI/BOOT/BOOTX64.EFI", program]);
  await run("sbverify", ["--cert", crt, program]);
});
