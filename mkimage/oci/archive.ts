import { dirname } from "node:path";
import { run } from "../run.ts";
import type { BuiltImage } from "./build.ts";
import { OciLayout } from "./layout.ts";

/** Writes images as one tar in the OCI image layout, which container runtimes and skopeo read. */
export async function writeArchive(images: readonly BuiltImage[], output: string): Promise<void> {
  const work = await Deno.makeTempDir({ dir: dirname(output), prefix: ".images-" });
  try {
    const whole = new OciLayout(work);
    for (const { name, layout, manifest } of images) await whole.link(name, layout, manifest);
    const same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
    const half = `${work}.tar`;
    await run("tar", [...same, "--mode=u=rwX,go=rX", "-cf", half, "-C", work, "."]);
    await Deno.rename(half, output);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
