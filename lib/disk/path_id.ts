/** Where a disk is plugged in, told from its path below /sys as udev's path_id does. */

const PCI = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]$/;
const SCSI = /^(\d+):(\d+):(\d+):(\d+)$/;
const USB = /^\d+-([\d.]+:\d+\.\d+)$/;

/** What the path alone does not say. */
export interface PathFacts {
  /** The number of the port on its ATA controller. */
  readonly ataPort?: string;
  /** The namespace of an NVMe drive. */
  readonly nvmeNamespace?: string;
}

/** Names of the place, the one that is kept from older releases last; none when there is no bus. */
export function pathIds(devpath: string, { ataPort, nvmeNamespace }: PathFacts): string[] {
  const parts = devpath.split("/");
  const pci = parts.findLast((part) => PCI.test(part));
  if (pci === undefined) return [];
  const below = parts.slice(parts.lastIndexOf(pci) + 1);
  const base = `pci-${pci}`;
  if (below.includes("nvme")) return nvmeNamespace ? [`${base}-nvme-${nvmeNamespace}`] : [];
  const scsi = below.map((part) => SCSI.exec(part)).find((match) => match !== null);
  if (scsi) return scsiIds(base, below, scsi, ataPort);
  const virtio = below[0]?.startsWith("virtio");
  return virtio ? [base, `virtio-${base}`] : [];
}

function scsiIds(
  base: string,
  below: readonly string[],
  [, host, bus = "", target = "", lun = ""]: RegExpExecArray,
  ataPort: string | undefined,
): string[] {
  if (ataPort !== undefined) {
    const drive = bus === "0" ? target : `${bus}.0`;
    return [`${base}-ata-${ataPort}.${drive}`, `${base}-ata-${ataPort}`];
  }
  const usb = below.map((part) => USB.exec(part)?.[1]).findLast((port) => port !== undefined);
  // Hosts are numbered as they come; the first of a controller counts as 0.
  const place = `scsi-0:${bus}:${target}:${lun}`;
  return host === undefined
    ? []
    : [usb === undefined ? `${base}-${place}` : `${base}-usb-0:${usb}-${place}`];
}
