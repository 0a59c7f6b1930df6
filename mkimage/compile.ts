/**
 * Makes the programs: bundles, then executables where a `denort` can be had, else the portable layout.
 *
 *     deno task compile [--only node|talosctl] [--tag TAG] [--pair] [--all]
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle, bundleNode } from "./bundle.ts";
import { compileBundle, fetchPair } from "./denort.ts";
import { unpackNpm } from "./inputs.ts";
import { parseLock } from "./lock.ts";
import { DENO_VERSION, type Target, TARGETS } from "./packages.ts";
import { CACHE, DIST, LOCK_FILE, ROOT } from "./paths.ts";
import { portableFile } from "./portable.ts";
import { buildStamp } from "./stamp.ts";
import { sizeText } from "./table.ts";
import { requireTools } from "./tools.ts";
import { windowsArchive } from "./windows.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    only: { type: "string" },
    tag: { type: "string" },
    output: { type: "string", default: DIST },
    /** Compile with the older pair whose denort comes from a wheel. */
    pair: { type: "boolean", default: false },
    /** Portable files for every platform. */
    all: { type: "boolean", default: false },
  },
});

const lock = parseLock(await Deno.readTextFile(LOCK_FILE));
const stamp = await buildStamp(values.tag);
await Deno.mkdir(values.output, { recursive: true });

if (values.only !== "talosctl") {
  for (const file of await bundleNode(join(values.output, "node"), stamp)) await told(file);
}

const work = await Deno.makeTempDir({ prefix: "mkimage-compile-" });
try {
  if (values.only !== "node") await makeTalosctl();
} finally {
  await Deno.remove(work, { recursive: true });
}

async function makeTalosctl(): Promise<void> {
  const script = join(values.output, "talosctl.js");
  await bundle(join(ROOT, "cmd", "talosctl", "main.ts"), script, stamp);
  await told(script);
  const native = join(values.output, "talosctl");
  const denort = Deno.env.get("DENORT_BIN");
  if (values.pair) {
    const pair = await fetchPair(lock, CACHE, work);
    const output = join(values.output, `talosctl-compiled-${pair.version}`);
    await compileBundle(pair, script, output, join(work, "deno-dir"));
    await told(output);
  }
  if (denort) {
    const pair = { deno: Deno.execPath(), denort, version: DENO_VERSION };
    await compileBundle(pair, script, native, join(work, "deno-dir"));
    await told(native);
  } else {
    say(
      `No denort ${DENO_VERSION} (set DENORT_BIN to one): making PORTABLE files, ` +
        "an interpreter with a bundle, instead of compiled ones",
    );
  }
  for (const target of TARGETS) {
    const own = target.os === "linux" && target.arch === "amd64";
    if (own ? denort : !values.all) continue;
    await makePortable(target, script, own ? native : `${native}-${target.os}-${target.arch}`);
  }
}

async function makePortable(target: Target, script: string, output: string): Promise<void> {
  await requireTools(["npm", "tar", "gzip"]);
  const runtime = await unpackNpm(target.package, lock, CACHE, join(work, target.package));
  if (target.os === "windows") {
    const archive = await windowsArchive(join(runtime, "deno.exe"), script);
    await write(`${output}.zip`, archive, 0o644);
    return;
  }
  const file = await portableFile({
    ...{ name: "talosctl", tag: stamp.tag, bundle: script, runtime: join(runtime, "deno") },
  });
  await write(output, file, 0o755);
}

/** Replaces a file in one step: a program that runs from the old one goes on. */
async function write(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const temporary = `${path}.${Deno.pid}.tmp`;
  await Deno.writeFile(temporary, bytes);
  await Deno.chmod(temporary, mode);
  await Deno.rename(temporary, path);
  await told(path);
}

async function told(path: string): Promise<void> {
  const { size } = await Deno.stat(path);
  say(`${path.replace(ROOT + "/", "")}  ${sizeText(size)}`);
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(line + "\n"));
}
