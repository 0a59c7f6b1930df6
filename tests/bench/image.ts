/**
 * The bytes of the built image's parts, beside the runtime in it as it ships.
 *
 * ```sh
 * deno run -A tests/bench/image.ts
 * ```
 *
 * @module
 */
import type { ImageManifest } from "../../mkimage/image.ts";
import { DIST } from "../boot/node.ts";
import { print } from "./_process.ts";

const manifest: ImageManifest = JSON.parse(await Deno.readTextFile(`${DIST}manifest.json`));
const runtime = manifest.initramfs.find(({ name }) => name === "/usr/bin/deno")?.sizeBytes ?? NaN;
for (const name of ["rootfs.sqsh", "initramfs-amd64.xz", "vmlinuz-amd64"]) {
  const { size } = await Deno.stat(DIST + name);
  print({
    part: name,
    bytes: size,
    baseline: { name: "runtime, unpacked", bytes: runtime },
    ratio: Math.round(size / runtime * 100) / 100,
    ...(name === "rootfs.sqsh" ? { limitBytes: 80e6, goalBytes: 45e6 } : {}),
  });
}
