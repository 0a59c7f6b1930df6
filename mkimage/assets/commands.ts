/** `mkimage disk`, `iso`, `pxe` and `installer`: what machines are started, installed and upgraded from; `controller-manager`. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { developmentKeys } from "../keys.ts";
import type { Lock } from "../lock.ts";
import type { BuiltImage } from "../oci/build.ts";
import { CACHE, DIST, KEY_DIR } from "../paths.ts";
import { RegistryClient } from "../registry/client.ts";
import { REGISTRY } from "../registry/commands.ts";
import { fillRegistry } from "../registry/fill.ts";
import { localRegistry } from "../registry/server.ts";
import { print, progress } from "../say.ts";
import { imageTable, sizeTable } from "../table.ts";
import { buildStamp } from "../stamp.ts";
import { requireTools } from "../tools.ts";
import { buildControllerManager, controllerManagerYaml } from "./controller_manager.ts";
import type { SecureBootKey } from "./authenticode.ts";
import { buildDisk, DISK_FORMATS } from "./disk.ts";
import { buildInstaller, installerLayout } from "./installer.ts";
import { buildIso } from "./iso.ts";
import { buildPxe } from "./pxe.ts";
import type { AssetOptions } from "./release.ts";

const ARGUMENTS = {
  output: { type: "string" },
  "extra-kernel-arg": { type: "string", multiple: true, default: [] as string[] },
} as const;
/** Of assets that firmware starts. */
const SIGNED = {
  ...ARGUMENTS,
  "secure-boot-key": { type: "string" },
  "secure-boot-cert": { type: "string" },
} as const;

const PUSH = {
  push: { type: "boolean", default: false },
  to: { type: "string" },
  ca: { type: "string" },
} as const;

/** Makes a disk of the image in a directory. */
export async function disk(lock: Lock, args: string[]): Promise<void> {
  const { values, positionals: [image = DIST] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...SIGNED,
      format: { type: "string", default: "raw" },
      size: { type: "string", default: "1.25" },
    },
  });
  const format = DISK_FORMATS.find((known) => known === values.format);
  if (!format) {
    throw new TypeError(
      `Cannot make a disk of format "${values.format}": it is ${DISK_FORMATS.join(" or ")}`,
    );
  }
  const gib = Number(values.size);
  if (!(gib > 0 && gib <= 1024)) {
    throw new RangeError(`Cannot make a disk of "${values.size}" GiB: it is a number up to 1024`);
  }
  await requireTools([
    ...["apt-get", "dpkg-deb", "mkfs.vfat", "mcopy"] as const,
    ...format === "qcow2" ? ["qemu-img"] as const : [],
    ...format === "raw.xz" ? ["xz"] as const : [],
  ]);
  const options = await assetOptions(lock, image, values, `disk-amd64.${format}`);
  const sizeBytes = Math.floor(gib * 2 ** 30);
  print(sizeTable(await buildDisk({ ...options, format, sizeBytes })));
  print(options.output);
}

/** Makes a bootable CD of the image in a directory. */
export async function iso(lock: Lock, args: string[]): Promise<void> {
  const { values, positionals: [image = DIST] } = parseArgs({
    args,
    allowPositionals: true,
    options: SIGNED,
  });
  await requireTools(["apt-get", "dpkg-deb", "mkfs.vfat", "mcopy"]);
  const options = await assetOptions(lock, image, values, "talos-amd64.iso");
  print(sizeTable(await buildIso(options)));
  print(options.output);
}

/** Makes a directory that machines boot from over the network. */
export async function pxe(lock: Lock, args: string[]): Promise<void> {
  const { values, positionals: [image = DIST] } = parseArgs({
    args,
    allowPositionals: true,
    options: ARGUMENTS,
  });
  await requireTools(["apt-get", "dpkg-deb"]);
  const options = await assetOptions(lock, image, values, "pxe");
  print(sizeTable(await buildPxe(options)));
  print(options.output);
}

/** Makes the installer of the image in a directory, and brings it to where nodes get it. */
export async function installer(lock: Lock, args: string[]): Promise<void> {
  const { values, positionals: [image = DIST] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...SIGNED,
      key: { type: "string" },
      ...PUSH,
    },
  });
  await requireTools(["apt-get", "dpkg-deb", "zstd"]);
  const built = await buildInstaller({
    ...await assetOptions(lock, image, values, ""),
    output: values.output ?? installerLayout(image),
    privateKey: values.key ?? (await developmentKeys(KEY_DIR)).privateKey,
  });
  print(imageTable([built]));
  await pushAsAsked(built, values);
}

/** Makes the image of the Talos Controller Manager and the manifests that run it. */
export async function controllerManager(lock: Lock, args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { output: { type: "string", default: DIST }, tag: { type: "string" }, ...PUSH },
  });
  await requireTools(["apt-get", "dpkg-deb", "npm", "tar", "zstd"]);
  await Deno.mkdir(values.output, { recursive: true });
  const built = await buildControllerManager({
    ...{ lock, cache: CACHE, say: progress(), stamp: await buildStamp(values.tag) },
    output: join(values.output, "controller-manager"),
  });
  print(imageTable([built]));
  const manifests = join(values.output, "controller-manager.yaml");
  await Deno.writeTextFile(manifests, controllerManagerYaml(built.name));
  print(manifests);
  await pushAsAsked(built, values);
}

async function pushAsAsked(
  built: BuiltImage,
  values: {
    readonly push: boolean;
    readonly to?: string | undefined;
    readonly ca?: string | undefined;
  },
): Promise<void> {
  if (values.push) {
    await requireTools(["docker-registry"]);
    const { endpoint, ca } = await localRegistry(REGISTRY);
    await push(built, endpoint, ca);
  }
  if (values.to) {
    const ca = values.ca ? await Deno.readTextFile(values.ca) : undefined;
    await push(built, values.to.replace(/\/+$/, ""), ca);
  }
}

async function push(image: BuiltImage, endpoint: string, ca: string | undefined): Promise<void> {
  using client = new RegistryClient(endpoint, ca);
  await fillRegistry(client, [image], progress());
  print(`${image.name} is at ${endpoint}`);
}

interface AssetValues {
  readonly output?: string | undefined;
  readonly "extra-kernel-arg": string[];
  readonly "secure-boot-key"?: string | undefined;
  readonly "secure-boot-cert"?: string | undefined;
}

async function assetOptions(
  lock: Lock,
  image: string,
  values: AssetValues,
  name: string,
): Promise<AssetOptions> {
  return {
    ...{ image, lock, cache: CACHE, say: progress() },
    output: values.output ?? join(image, name),
    extraArguments: values["extra-kernel-arg"],
    secureBoot: await secureBootKey(values),
  };
}

async function secureBootKey(values: AssetValues): Promise<SecureBootKey | undefined> {
  const { "secure-boot-key": key, "secure-boot-cert": certificate } = values;
  if (key === undefined && certificate === undefined) return undefined;
  if (!key || !certificate) {
    throw new TypeError(
      `Cannot sign for Secure Boot with ${
        key ? "--secure-boot-key" : "--secure-boot-cert"
      } alone: ` +
        `set ${key ? "--secure-boot-cert" : "--secure-boot-key"} too`,
    );
  }
  return {
    privateKey: await Deno.readTextFile(key),
    certificate: await Deno.readTextFile(certificate),
  };
}
