import assert from "node:assert/strict";
import { requireTools } from "./tools.ts";

Deno.test("requireTools() names every missing program and its package once", async () => {
  const has = (program: string) => Promise.resolve(program === "tar");
  await assert.rejects(
    requireTools(["mksquashfs", "unsquashfs", "tar", "zstd"], has),
    {
      message: "Cannot build the image: mksquashfs, unsquashfs, zstd not found; " +
        "run: apt-get install -y squashfs-tools zstd",
    },
  );
});

Deno.test("requireTools() is content when all are there", async () => {
  await requireTools(["tar", "gzip"]);
});
