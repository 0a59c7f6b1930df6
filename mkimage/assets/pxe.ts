/** What a machine boots over the network: kernel, initramfs, and a script for iPXE. */
import { join } from "node:path";
import { PXE_SCRIPT } from "$lib/image/mod.ts";
import type { PartSize } from "../image.ts";
import { IMAGE_NAMES } from "../verify.ts";
import { type AssetOptions, bootArguments, readRelease } from "./release.ts";

/**
 * The script: what it names lies beside it, wherever that is. iPXE puts in what it knows about the
 * machine, so `talos.config=http://…?uuid=${uuid}` gives each machine its own configuration.
 */
export function pxeScript(kernelArguments: readonly string[]): string {
  const { vmlinuz, initramfs } = IMAGE_NAMES;
  return [
    "#!ipxe",
    // With UEFI the kernel asks for the initramfs by this name; otherwise nobody reads it.
    `kernel ${vmlinuz} initrd=${initramfs} ${kernelArguments.join(" ")}`,
    `initrd ${initramfs}`,
    "boot",
    "",
  ].join("\n");
}

/** Writes the files into the directory `output`; gives their sizes. */
export async function buildPxe(options: AssetOptions): Promise<PartSize[]> {
  const { output, extraArguments } = options;
  const { vmlinuz, initramfs } = await readRelease(options);
  await Deno.mkdir(output, { recursive: true });
  const files: readonly (readonly [string, Uint8Array])[] = [
    [IMAGE_NAMES.vmlinuz, vmlinuz],
    [IMAGE_NAMES.initramfs, initramfs],
    [PXE_SCRIPT, new TextEncoder().encode(pxeScript(bootArguments(extraArguments)))],
  ];
  for (const [name, content] of files) await Deno.writeFile(join(output, name), content);
  return files.map(([name, { length }]) => ({ name, contentBytes: length, sizeBytes: length }));
}
