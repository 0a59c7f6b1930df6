/** The disk that is made of the built image, looked at with other people's tools. */
import assert from "node:assert/strict";
import { hashFile } from "../../mkimage/hash.ts";
import { run } from "../../mkimage/run.ts";
import { Scratch } from "../../mkimage/testing.ts";
import { isOnPath } from "../../mkimage/tools.ts";
import { diskMissing, makeDisk } from "../boot/disk_image.ts";
import { noImage } from "./built.ts";

const missing = await noImage() ?? await diskMissing() ??
  (await isOnPath("sgdisk") ? undefined : "sgdisk is not installed");

Deno.test({
  name: `mkimage disk makes the same bytes twice, and what sgdisk and mdir read${
    missing === undefined ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== undefined,
  async fn() {
    await using scratch = await Scratch.make();
    const hashes: string[] = [];
    let path = "";
    for (let i = 0; i < 2; i++) {
      path = await makeDisk(scratch.path, 640 * 2 ** 20);
      hashes.push((await hashFile(path)).sha256);
    }
    assert.equal(hashes[0], hashes[1]);
    const table = await run("sgdisk", ["-v", "-p", path]);
    assert.match(table, /No problems found/);
    const names = table.match(/\w+$/gm)?.slice(-4);
    assert.deepEqual(names, ["EFI", "META", "STATE", "EPHEMERAL"]);
    const files = await run("mdir", ["-i", `${path}@@1M`, "-/", "-b", "::/"]);
    assert.deepEqual(files.trim().split("\n").filter((name) => !name.endsWith("/")).sort(), [
      "::/EFI/BOOT/BOOTX64.EFI",
      "::/EFI/slots/a.efi",
      "::/licences/systemd-boot-efi.txt",
      "::/loader/entries/slot-a.conf",
      "::/loader/loader.conf",
    ]);
  },
});
