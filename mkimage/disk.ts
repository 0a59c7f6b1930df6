/** A disk that boots: the image as a whole, to be written to a real disk or given to a virtual machine. */
import { dirname, join } from "node:path";
import {
  entryFile,
  entryText,
  ESP_FILES,
  LOADER_SETTINGS,
  slotProgram,
} from "$lib/bootloader/mod.ts";
import { defaultArguments } from "$lib/cmdline/mod.ts";
import { nodePartitions, openMedium, planGpt, writeGpt } from "$lib/disk/mod.ts";
import { sha256 } from "./hash.ts";
import type { ImageManifest } from "./image.ts";
import { fetchDebian, finder } from "./inputs.ts";
import type { Lock } from "./lock.ts";
import { BOOT_PACKAGES } from "./packages.ts";
import { run } from "./run.ts";
import { walkTree } from "./tree.ts";
import { makeUki } from "./uki.ts";

/** What a disk is made of. */
export interface DiskOptions {
  /** The built image. */
  readonly image: string;
  /** The file to write. */
  readonly output: string;
  readonly format: "raw" | "qcow2";
  readonly sizeBytes: number;
  /** Kernel arguments beside the usual ones. */
  readonly extraArguments: readonly string[];
  readonly lock: Lock;
  readonly cache: string;
  readonly say: (line: string) => void;
}

const SECTOR_BYTES = 512;

/** Makes the disk: the release in slot A, META, STATE and EPHEMERAL empty, to be filled when it boots. */
export async function buildDisk(options: DiskOptions): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "mkimage-disk-" });
  try {
    const raw = options.format === "raw" ? options.output : join(work, "disk.raw");
    const esp = await layOutEsp(work, options);
    options.say("partitions");
    await partition(raw, esp, options);
    if (options.format === "qcow2") {
      options.say("qcow2");
      const convert = ["convert", "-f", "raw", "-O", "qcow2", "-c", raw, options.output];
      await run("qemu-img", convert);
    }
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** The files of the EFI system partition, in a directory. */
async function layOutEsp(work: string, options: DiskOptions): Promise<string> {
  const { image, lock, cache, say, extraArguments } = options;
  say("boot loader");
  const packages = await fetchDebian(
    BOOT_PACKAGES,
    lock,
    cache,
    join(work, "in"),
    (line) => say("  " + line),
  );
  const { directory: bootloader } = finder(packages)("systemd-boot-efi");
  const efi = join(bootloader, "usr/lib/systemd/boot/efi");
  const licence = join(bootloader, "usr/share/doc/systemd-boot-efi/copyright");
  const manifest: ImageManifest = JSON.parse(await manifestText(image));
  const kernelArguments = [
    ...defaultArguments({ platform: "metal", consoles: ["tty0", "ttyS0"] }),
    ...extraArguments,
  ];
  const entry = { slot: "a", generation: 1, version: manifest.version } as const;
  say("boot program");
  const text = (content: string) => new TextEncoder().encode(content);
  const uki = makeUki(await Deno.readFile(join(efi, "linuxx64.efi.stub")), [
    { name: ".osrel", content: text(`ID=talos\nVERSION_ID=${manifest.version}\n`) },
    { name: ".cmdline", content: text(kernelArguments.join(" ")) },
    { name: ".linux", content: await Deno.readFile(join(image, "vmlinuz-amd64")) },
    { name: ".initrd", content: await Deno.readFile(join(image, "initramfs-amd64.xz")) },
  ]);
  const directory = join(work, "esp");
  const files: readonly (readonly [string, Uint8Array])[] = [
    [ESP_FILES.bootloader, await Deno.readFile(join(efi, "systemd-bootx64.efi"))],
    ["/licences/systemd-boot-efi.txt", await Deno.readFile(licence)],
    [ESP_FILES.settings, text(LOADER_SETTINGS)],
    [entryFile(entry), text(entryText({ ...entry, options: kernelArguments }))],
    [slotProgram(entry.slot), uki],
  ];
  for (const [path, content] of files) {
    await Deno.mkdir(dirname(join(directory, path)), { recursive: true });
    await Deno.writeFile(join(directory, path), content);
  }
  return directory;
}

/** Writes the partition table, and the files of `esp` into the first partition. */
async function partition(
  path: string,
  esp: string,
  { sizeBytes, image }: DiskOptions,
): Promise<void> {
  await Deno.writeFile(path, new Uint8Array());
  await Deno.truncate(path, sizeBytes);
  // GUIDs that follow from the image: the same input gives the same disk.
  const seed = await manifestText(image);
  const { built }: ImageManifest = JSON.parse(seed);
  const id = (name: string) => guidOf(sha256(`${name} ${seed}`));
  const sectors = Math.floor(sizeBytes / SECTOR_BYTES);
  const gpt = planGpt(
    { diskId: id("disk"), sectorBytes: SECTOR_BYTES, sectors },
    nodePartitions(id),
  );
  await using medium = await openMedium(path, { writable: true });
  await writeGpt(medium, gpt);
  const [first] = gpt.partitions;
  const kib = (first!.lastSector - first!.firstSector + 1) * SECTOR_BYTES / 1024;
  const env = { SOURCE_DATE_EPOCH: String(Date.parse(built) / 1000), MTOOLS_SKIP_CHECK: "1" };
  await run("/sbin/mkfs.vfat", [
    ...["-F", "32", "-n", "EFI", "--invariant"],
    ...["--offset", String(first!.firstSector), path, String(kib)],
  ]);
  const place = `${path}@@${first!.firstSector * SECTOR_BYTES}`;
  // One after the other: the order of a directory of this host must not become the disk's.
  for (const { path, info } of await walkTree(esp)) {
    if (info.isDirectory) await run("mmd", ["-i", place, `::${path}`], { env });
    else await run("mcopy", ["-i", place, "-Q", join(esp, path), `::${path}`], { env });
  }
}

async function manifestText(image: string): Promise<string> {
  try {
    return await Deno.readTextFile(join(image, "manifest.json"));
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(`Cannot make a disk: ${image} holds no image, run: deno task image`, { cause });
  }
}

/** A GUID of version 4 with the first bits of a hash. */
function guidOf(hash: string): string {
  return hash.replace(
    /^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/,
    "$1-$2-4$3-8$4-$5",
  );
}
