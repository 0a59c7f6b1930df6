import { join } from "node:path";
import type { BuildStamp } from "$lib/version/mod.ts";
import { ROOT } from "./paths.ts";
import { run } from "./run.ts";
import { stampLine } from "./stamp.ts";

/** Bundles `entry` with all it imports into one file at `output`, with the build's stamp in front. */
export async function bundle(entry: string, output: string, stamp: BuildStamp): Promise<void> {
  const temporary = await Deno.makeTempDir({ prefix: "mkimage-bundle-" });
  try {
    const file = join(temporary, "bundle.js");
    await run(Deno.execPath(), [
      ...[
        "bundle",
        "--quiet",
        "--minify",
        "--platform",
        "deno",
        "--config",
        join(ROOT, "deno.json"),
      ],
      ...["--output", file, entry],
    ], { cwd: ROOT, env: { NO_COLOR: "1" } });
    await writeAtomic(output, stampLine(stamp) + await Deno.readTextFile(file));
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

async function writeAtomic(path: string, text: string): Promise<void> {
  const temporary = `${path}.${Deno.pid}.tmp`;
  await Deno.writeTextFile(temporary, text);
  await Deno.rename(temporary, path);
}
