import assert from "node:assert/strict";
import { join } from "node:path";
import { cpioArchive, type CpioEntry } from "./cpio.ts";
import { sha256 } from "./hash.ts";
import type { ImageManifest } from "./image.ts";
import { layoutHash } from "./layout.ts";
import { makeKeys, publicKeyOf, signWith } from "./keys.ts";
import { Scratch } from "./testing.ts";
import { concat, verityTree } from "./verity.ts";
import { verifyImage } from "./verify.ts";
import { unzstd, zstdCached } from "./zstd.ts";

const text = (value: string) => new TextEncoder().encode(value);
const part = (name: string, bytes: Uint8Array) => ({
  ...{ name, sizeBytes: bytes.length, sha256: sha256(bytes) },
});

/** A small image that is laid out as a real one is. */
async function makeImage(directory: string, extra: CpioEntry[] = []): Promise<string> {
  const data = new Uint8Array(4096 * 3).fill(7);
  const saltHex = sha256(data);
  const { appendix, verity } = verityTree(data, { saltHex, uuidHex: sha256(saltHex).slice(0, 32) });
  const rootfs = concat([data, appendix]);
  const { privateKey } = await makeKeys(join(directory, "keys"));
  const init = text("#!/usr/bin/deno -A\n");
  const manifest: ImageManifest = {
    ...{ schema: 1, version: "v1", sha: "x", built: "", arch: "amd64", flavor: "metal" },
    ...{ layout: "portable", kernel: "6.1", runtime: "deno", verity, packages: {} },
    components: {},
    parts: [part("rootfs.sqsh", rootfs), part("vmlinuz-amd64", text("kernel"))],
    initramfs: [part("/init", init)],
    initramfsLayout: layoutHash([{ type: "file", path: "/init", mode: 0o644, content: init }]),
  };
  const bytes = text(JSON.stringify(manifest));
  const signature = await signWith(privateKey, bytes);
  const publicKey = await publicKeyOf(privateKey);
  const file = (path: string, content: Uint8Array<ArrayBuffer>): CpioEntry => ({
    ...{ type: "file", path, mode: 0o644, content },
  });
  const small = [
    ...[file("/init", init), file("/image/manifest.json", bytes)],
    ...[file("/image/manifest.json.sig", signature), file("/image/signing.pub", text(publicKey))],
    ...extra,
  ];
  const frames = [
    await zstdCached(concat([...cpioArchive(small.slice(0, 1), 0)]), 1, directory),
    await zstdCached(concat([...cpioArchive(small.slice(1), 0)]), 1, directory),
  ];
  const initramfs = concat([...cpioArchive([file("/rootfs.sqsh", rootfs)], 0), ...frames]);
  const files: [string, Uint8Array][] = [
    ["rootfs.sqsh", rootfs],
    ["vmlinuz-amd64", text("kernel")],
    ["initramfs-amd64.xz", initramfs],
    ["manifest.json", bytes],
    ["manifest.json.sig", signature],
    ["signing.pub", text(publicKey)],
  ];
  for (const [name, content] of files) await Deno.writeFile(join(directory, name), content);
  return privateKey;
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await Deno.readFile(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = bytes[index]! ^ 1;
  await Deno.writeFile(path, bytes);
}

const quiet = () => {};

Deno.test("verifyImage() says what it checked of a whole image", async () => {
  await using scratch = await Scratch.make();
  const key = await makeImage(scratch.path);
  const lines: string[] = [];
  await verifyImage(scratch.path, await publicKeyOf(key), (line) => lines.push(line));
  assert.deepEqual(lines, [
    "signature of manifest.json",
    "size and hash of rootfs.sqsh",
    "size and hash of vmlinuz-amd64",
    "verity tree of rootfs.sqsh",
    "1 files of initramfs-amd64.xz",
  ]);
});

const FLIPS: [string, string, number, RegExp][] = [
  ["the manifest", "manifest.json", 20, /its signature is not/],
  ["the signature", "manifest.json.sig", 63, /its signature is not/],
  ["a data block", "rootfs.sqsh", 5000, /rootfs.sqsh: its SHA-256/],
  ["the verity superblock", "rootfs.sqsh", 4096 * 3 + 1, /rootfs.sqsh: its SHA-256/],
  ["the hash tree", "rootfs.sqsh", -4000, /rootfs.sqsh: its SHA-256/],
  ["the kernel", "vmlinuz-amd64", 0, /vmlinuz-amd64: its SHA-256/],
  ["the image inside the initramfs", "initramfs-amd64.xz", 6000, /initramfs\/rootfs.sqsh: its/],
];
for (const [what, name, at, message] of FLIPS) {
  Deno.test(`verifyImage() refuses a flipped bit in ${what}`, async () => {
    await using scratch = await Scratch.make();
    await makeImage(scratch.path);
    await flip(join(scratch.path, name), at);
    await assert.rejects(verifyImage(scratch.path, undefined, quiet), message);
  });
}

Deno.test("verifyImage() refuses a flipped bit anywhere behind the image in the initramfs", async () => {
  await using scratch = await Scratch.make();
  await makeImage(scratch.path);
  const path = join(scratch.path, "initramfs-amd64.xz");
  const whole = await Deno.readFile(path);
  const start = whole.findLastIndex((_, at) =>
    whole[at] === 0x28 && whole[at + 1] === 0xb5 && whole[at + 2] === 0x2f && whole[at + 3] === 0xfd
  );
  const content = await unzstd(whole.slice(start));
  let refused = 0;
  // The last frame from its second header byte on: content, block headers, checksum.
  for (let at = start + 6; at < whole.length; at += 37) {
    await flip(path, at);
    try {
      await verifyImage(scratch.path, undefined, quiet);
      // Some bits of a frame mean nothing: with them the image is the same.
      assert.deepEqual(
        await unzstd((await Deno.readFile(path)).slice(start)),
        content,
        `byte ${at}`,
      );
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      refused++;
    }
    await flip(path, at);
  }
  assert.ok(refused > 10, `${refused} refused`);
  await verifyImage(scratch.path, undefined, quiet);
});

Deno.test("verifyImage() refuses a truncated image, another key and a file that nobody signed", async () => {
  await using scratch = await Scratch.make();
  await makeImage(scratch.path);
  const other = await makeKeys(join(scratch.path, "other"));
  const otherKey = await publicKeyOf(other.privateKey);
  await assert.rejects(verifyImage(scratch.path, otherKey, quiet), /its signature is not/);
  await Deno.truncate(join(scratch.path, "rootfs.sqsh"), 8192);
  await assert.rejects(verifyImage(scratch.path, undefined, quiet), /8192 bytes instead of/);
  await using second = await Scratch.make();
  await makeImage(second.path, [
    { type: "file", path: "/extra", mode: 0o755, content: text("evil") },
  ]);
  await assert.rejects(verifyImage(second.path, undefined, quiet), /nobody signed \/extra/);
  await using third = await Scratch.make();
  await makeImage(third.path, [{ type: "symlink", path: "/usr", target: "/evil" }]);
  await assert.rejects(verifyImage(third.path, undefined, quiet), /a link, a mode or a directory/);
});
