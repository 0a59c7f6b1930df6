import type { Flavor } from "./packages.ts";

/** One archive: its version and the SHA-256 of its bytes. */
export interface Locked {
  readonly version: string;
  readonly sha256: string;
}

/** Every archive that a build may use. Keys are package names as their archive calls them. */
export interface Lock {
  /** The kernel package that each flavour's metapackage named. */
  readonly kernels: Readonly<Record<Flavor, string>>;
  readonly debian: Readonly<Record<string, Locked>>;
  readonly npm: Readonly<Record<string, Locked>>;
  readonly pypi: Readonly<Record<string, Locked>>;
}

/** Reads a lock. @throws {SyntaxError} naming the entry that has no version or hash. */
export function parseLock(text: string): Lock {
  const lock = JSON.parse(text) as Partial<Lock>;
  if (!lock.kernels?.metal || !lock.kernels.cloud) {
    throw new SyntaxError("Cannot read packages.lock.json: kernels are missing");
  }
  for (const archive of ["debian", "npm", "pypi"] as const) {
    for (const [name, locked] of Object.entries(lock[archive] ?? missing(archive))) {
      if (!locked.version || !/^[0-9a-f]{64}$/.test(locked.sha256 ?? "")) {
        throw new SyntaxError(
          `Cannot read packages.lock.json: ${archive} ${name} has no version or hash`,
        );
      }
    }
  }
  return lock as Lock;
}

function missing(archive: string): never {
  throw new SyntaxError(`Cannot read packages.lock.json: ${archive} is missing`);
}

/** The lock as text: sorted, so that an update is a readable diff. */
export function formatLock(lock: Lock): string {
  const sorted = (entries: Readonly<Record<string, Locked>>) =>
    Object.fromEntries(
      Object.entries(entries).sort(([a], [b]) => a < b ? -1 : 1)
        .map(([name, { version, sha256 }]) => [name, { version, sha256 }]),
    );
  const { metal, cloud } = lock.kernels;
  const value = {
    kernels: { metal, cloud },
    debian: sorted(lock.debian),
    npm: sorted(lock.npm),
    pypi: sorted(lock.pypi),
  };
  return JSON.stringify(value, null, 2) + "\n";
}

/** The locked archive of a package. @throws {Error} when the lock does not list it. */
export function lockedPackage(
  lock: Lock,
  archive: "debian" | "npm" | "pypi",
  name: string,
): Locked {
  const locked = lock[archive][name];
  if (!locked) {
    throw new Error(
      `Cannot fetch ${name}: packages.lock.json does not list it; run with --update-lock`,
    );
  }
  return locked;
}
