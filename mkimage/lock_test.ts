import assert from "node:assert/strict";
import { formatLock, type Lock, lockedPackage, parseLock } from "./lock.ts";
import { BASE_PACKAGES, COMPILE_PAIR, TARGETS } from "./packages.ts";
import { LOCK_FILE } from "./paths.ts";
import { resolveLock } from "./resolve.ts";
import type { Archive } from "./fetch.ts";
import { join } from "node:path";

const HASH = "cd".repeat(32);
const LOCK: Lock = {
  kernels: { metal: "linux-image-1", cloud: "linux-image-1-cloud" },
  debian: { b: { version: "2", sha256: HASH }, a: { version: "1", sha256: HASH } },
  npm: {},
  pypi: {},
};

Deno.test("formatLock() sorts, and parseLock() gives it back", () => {
  const text = formatLock(LOCK);
  assert.deepEqual(parseLock(text), LOCK);
  assert.ok(text.indexOf('"a"') < text.indexOf('"b"'));
});

Deno.test("parseLock() names what is missing", () => {
  assert.throws(() => parseLock("{}"), /kernels are missing/);
  assert.throws(() => parseLock(JSON.stringify({ ...LOCK, pypi: undefined })), /pypi is missing/);
  const broken = { ...LOCK, npm: { deno: { version: "1", sha256: "short" } } };
  assert.throws(() => parseLock(JSON.stringify(broken)), /npm deno has no version or hash/);
});

Deno.test("lockedPackage() says how to lock a package that is not", () => {
  assert.throws(() => lockedPackage(LOCK, "debian", "new"), /run with --update-lock/);
});

Deno.test("packages.lock.json lists every package that a build fetches", async () => {
  const lock = parseLock(await Deno.readTextFile(LOCK_FILE));
  const { metal, cloud } = lock.kernels;
  for (const name of [...BASE_PACKAGES, metal, cloud]) lockedPackage(lock, "debian", name);
  for (const target of TARGETS) {
    assert.equal(lockedPackage(lock, "npm", target.package).version, target.version);
  }
  assert.equal(lockedPackage(lock, "pypi", COMPILE_PAIR.wheel).version, COMPILE_PAIR.wheelVersion);
  assert.equal(await Deno.readTextFile(LOCK_FILE), formatLock(lock), "formatted");
});

Deno.test("resolveLock() follows the kernel metapackages to the kernel of the day", async () => {
  const archive = (name: "npm" | "pypi"): Archive => ({
    name,
    async download(_, version, directory) {
      await Deno.writeTextFile(join(directory, "f"), version);
      return "f";
    },
  });
  const debian = {
    refresh: () => Promise.resolve(),
    newest: (name: string) =>
      Promise.resolve({
        version: "9",
        sha256: HASH,
        depends: name === "linux-image-amd64"
          ? ["linux-base", "linux-image-7-amd64"]
          : ["linux-image-7-cloud-amd64"],
      }),
  };
  const archives = { debian, npm: archive("npm"), pypi: archive("pypi") };
  const lock = await resolveLock(archives, () => {});
  assert.deepEqual(lock.kernels, {
    metal: "linux-image-7-amd64",
    cloud: "linux-image-7-cloud-amd64",
  });
  assert.equal(lock.debian["linux-image-7-amd64"]?.version, "9");
  assert.equal(lock.debian["linux-image-amd64"], undefined);
});
