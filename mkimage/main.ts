/**
 * Builds and checks images: `mkimage <command>`.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { controllerManager, disk, installer, iso, pxe } from "./assets/commands.ts";
import { bundleNode } from "./bundle.ts";
import { buildComponents } from "./components/build.ts";
import { chooseComponents } from "./components/catalog.ts";
import { OLDER_KUBERNETES } from "./components/kubernetes.ts";
import { buildImage } from "./image.ts";
import { developmentKeys, makeKeys } from "./keys.ts";
import { DebianArchive } from "./debian.ts";
import { formatLock, type Lock, parseLock } from "./lock.ts";
import { NPM_ARCHIVE } from "./npm.ts";
import type { Flavor } from "./packages.ts";
import { CACHE, DIST, KEY_DIR, LOCK_FILE, ROOT } from "./paths.ts";
import { PYPI_ARCHIVE } from "./pypi.ts";
import { images as buildClusterImages, mirror, registry } from "./registry/commands.ts";
import { resolveLock } from "./resolve.ts";
import { print, progress } from "./say.ts";
import { withKernelTable } from "./security.ts";
import { buildStamp, sourceEpoch } from "./stamp.ts";
import { componentTable, imageTable, sizeTable } from "./table.ts";
import { requireTools } from "./tools.ts";
import { verifyImage } from "./verify.ts";

const USAGE = `Usage: mkimage <command>

  image  [--flavor metal|cloud] [--tag TAG] [--output DIR] [--bundle FILE] [--key FILE] [--update-lock]
         build root filesystem, initramfs, kernel and signed manifest
  disk   [DIR] [--format raw|qcow2|raw.xz] [--size GIB] [--output FILE] [--extra-kernel-arg ARG]…
         make a disk of the built image that UEFI machines boot
  iso    [DIR] [--output FILE] [--extra-kernel-arg ARG]…
         make a CD, or a stick, that UEFI machines boot; for machines with Secure Boot this, disk and
         installer take --secure-boot-key FILE --secure-boot-cert FILE: an RSA key, its certificate, PEM
  pxe    [DIR] [--output DIR] [--extra-kernel-arg ARG]…
         make a directory that machines boot over the network with iPXE
  installer [DIR] [--key FILE] [--output DIR] [--extra-kernel-arg ARG]… [--push] [--to URL [--ca FILE]]
         pack what nodes install themselves and upgrade from; --push has it served to local nodes
  controller-manager [--output DIR] [--tag TAG] [--push] [--to URL [--ca FILE]]
         pack the Talos Controller Manager, and write the manifests that run it in a cluster
  components [NAME…]
         build programs from Go modules: the named ones, or all
  images [NAME…]
         pack the images that a cluster runs, or those whose names hold a NAME: also of Kubernetes
         ${OLDER_KUBERNETES}, which clusters can be upgraded from, and agnhost, which tests networks
  registry [NAME…] | --stop
         serve these images to local nodes: start a registry on loopback, push what it lacks
  mirror [NAME…] --to URL [--ca FILE] | --archive FILE
         copy these images into another registry, or into one file
  lock   resolve every package anew and write packages.lock.json
  keygen DIR
         make a signing key; one that is there is never overwritten
  verify [DIR] [--key FILE]
         check a built image: signature, hashes, verity tree, contents of the initramfs
  security
         write the table of the built kernel's hardening into docs/security.md`;

async function image(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      flavor: { type: "string", default: "metal" },
      tag: { type: "string" },
      output: { type: "string", default: DIST },
      bundle: { type: "string" },
      key: { type: "string" },
      "update-lock": { type: "boolean", default: false },
    },
  });
  if (values.flavor !== "metal" && values.flavor !== "cloud") {
    throw new TypeError(`Cannot build flavor "${values.flavor}": it is metal or cloud`);
  }
  await requireTools([
    "apt-get",
    "dpkg-deb",
    "mksquashfs",
    "zstd",
    "npm",
    "tar",
    "gcc",
    "pkg-config",
  ]);
  const stamp = await buildStamp(values.tag);
  const say = progress();
  await Deno.mkdir(values.output, { recursive: true });
  say("programs");
  const bundles = values.bundle
    ? [values.bundle]
    : await bundleNode(join(values.output, "node"), stamp);
  const parts = await buildImage({
    flavor: values.flavor as Flavor,
    lock: values["update-lock"] ? await updateLock() : await readLock(),
    bundles,
    stamp,
    epochSeconds: await sourceEpoch(),
    privateKey: values.key ?? (await developmentKeys(KEY_DIR)).privateKey,
    cache: CACHE,
    output: values.output,
    say,
  });
  print(sizeTable(parts));
}

async function components(names: string[]): Promise<void> {
  const chosen = chooseComponents(names);
  if (chosen.some((one) => one.language === "c" || one.cgo)) {
    await requireTools(["gcc", "pkg-config"]);
  }
  print(componentTable(await buildComponents(chosen, CACHE, progress())));
}

async function readLock(): Promise<Lock> {
  return parseLock(await Deno.readTextFile(LOCK_FILE));
}

async function updateLock(): Promise<Lock> {
  await requireTools(["apt-get", "npm"]);
  const archives = { debian: new DebianArchive(CACHE), npm: NPM_ARCHIVE, pypi: PYPI_ARCHIVE };
  const lock = await resolveLock(archives, progress());
  await Deno.writeTextFile(LOCK_FILE, formatLock(lock));
  return lock;
}

async function keygen([directory]: string[]): Promise<void> {
  if (!directory) throw new TypeError("Cannot make a key: no directory was given");
  const files = await makeKeys(directory);
  print(`${files.privateKey}\n${files.publicKey}`);
}

async function verify(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { key: { type: "string" } },
  });
  const [directory = DIST] = positionals;
  await requireTools(["zstd"]);
  const key = values.key ? await Deno.readTextFile(values.key) : undefined;
  const { version, verity } = await verifyImage(directory, key, (line) => print(`ok  ${line}`));
  print(`image ${version}, root hash ${verity.rootHash}`);
}

async function security(): Promise<void> {
  const path = join(ROOT, "docs", "security.md");
  await Deno.writeTextFile(path, await withKernelTable(await Deno.readTextFile(path), DIST));
}

async function images(names: string[]): Promise<void> {
  print(imageTable(await buildClusterImages(await readLock(), names)));
}

const COMMANDS: Record<string, (args: string[]) => Promise<unknown>> = {
  image,
  disk: async (args) => await disk(await readLock(), args),
  iso: async (args) => await iso(await readLock(), args),
  pxe: async (args) => await pxe(await readLock(), args),
  installer: async (args) => await installer(await readLock(), args),
  "controller-manager": async (args) => await controllerManager(await readLock(), args),
  components,
  images,
  registry: async (args) => await registry(await readLock(), args),
  mirror: async (args) => await mirror(await readLock(), args),
  lock: updateLock,
  keygen,
  verify,
  security,
};

if (import.meta.main) {
  const [name, ...args] = Deno.args;
  const command = COMMANDS[name ?? ""];
  if (!command) {
    print(USAGE);
    Deno.exit(name === "--help" ? 0 : 2);
  }
  try {
    await command(args);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    Deno.stderr.writeSync(new TextEncoder().encode(error.message + "\n"));
    Deno.exit(1);
  }
}
