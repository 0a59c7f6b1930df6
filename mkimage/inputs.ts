import { join } from "node:path";
import { DebianArchive } from "./debian.ts";
import { fetchLocked } from "./fetch.ts";
import type { Input } from "./input.ts";
import { type Lock, lockedPackage } from "./lock.ts";
import { NPM_ARCHIVE } from "./npm.ts";
import { BASE_PACKAGES, type Flavor, NODE_RUNTIME } from "./packages.ts";
import { run } from "./run.ts";

/** Everything an image is made of that is not ours. */
export interface Inputs {
  readonly packages: readonly Input[];
  /** The unpacked package of that name. */
  get(name: string): Input;
  readonly kernel: Input;
  readonly runtime: Input;
}

/** Fetches and unpacks the packages of a flavour below `directory`. */
export async function fetchInputs(
  lock: Lock,
  flavor: Flavor,
  cache: string,
  directory: string,
  say: (line: string) => void,
): Promise<Inputs> {
  const kernel = lock.kernels[flavor];
  const packages = await fetchDebian([...BASE_PACKAGES, kernel], lock, cache, directory, say);
  const locked = lockedPackage(lock, "npm", NODE_RUNTIME);
  say(`${NODE_RUNTIME} ${locked.version}`);
  const target = await unpackNpm(NODE_RUNTIME, lock, cache, join(directory, "runtime"));
  packages.push({ name: NODE_RUNTIME, ...locked, type: "npm", directory: target });
  const get = finder(packages);
  return { packages, get, kernel: get(kernel), runtime: get(NODE_RUNTIME) };
}

/** Fetches and unpacks Debian packages, each into a folder of its name below `directory`. */
export async function fetchDebian(
  names: readonly string[],
  lock: Lock,
  cache: string,
  directory: string,
  say: (line: string) => void,
): Promise<Input[]> {
  const archive = new DebianArchive(cache);
  const packages: Input[] = [];
  for (const name of names) {
    const locked = lockedPackage(lock, "debian", name);
    say(`${name} ${locked.version}`);
    const file = await fetchLocked(archive, name, locked, cache);
    const target = join(directory, name);
    await Deno.mkdir(target, { recursive: true });
    await run("dpkg-deb", ["-x", file, target]);
    packages.push({ name, ...locked, type: "deb", directory: target });
  }
  return packages;
}

/** Finds an unpacked package by name. */
export function finder(packages: readonly Input[]): (name: string) => Input {
  return (name) => {
    const input = packages.find((candidate) => candidate.name === name);
    if (!input) throw new Error(`Cannot build the image: ${name} is not among its packages`);
    return input;
  };
}

/** Fetches and unpacks an npm package; gives the directory of its files. */
export async function unpackNpm(
  key: string,
  lock: Lock,
  cache: string,
  directory: string,
): Promise<string> {
  const name = key.lastIndexOf("@") > 0 ? key.slice(0, key.lastIndexOf("@")) : key;
  const file = await fetchLocked(NPM_ARCHIVE, name, lockedPackage(lock, "npm", key), cache);
  await Deno.mkdir(directory, { recursive: true });
  await run("tar", ["-xzf", file, "-C", directory]);
  return join(directory, "package");
}
