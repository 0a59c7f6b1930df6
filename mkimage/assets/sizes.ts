import type { PartSize } from "../image.ts";
import type { Release } from "./release.ts";

/** The parts of an asset, and the file itself with what it takes on this host's disk. */
export async function diskSizes(
  { bootloader, vmlinuz, initramfs }: Pick<Release, "bootloader" | "vmlinuz" | "initramfs">,
  { name, output, contentBytes }: {
    readonly name: string;
    readonly output: string;
    readonly contentBytes: number;
  },
): Promise<PartSize[]> {
  const part = (name: string, { length }: Uint8Array): PartSize => ({
    ...{ name, contentBytes: length, sizeBytes: length },
  });
  const { blocks, size } = await Deno.stat(output);
  return [
    part("systemd-bootx64.efi", bootloader),
    part("vmlinuz-amd64", vmlinuz),
    part("initramfs-amd64.xz", initramfs),
    { name, contentBytes, sizeBytes: Math.min(size, (blocks ?? Infinity) * 512) },
  ];
}
