import { readdir, readFile } from "node:fs/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { type DiskSchema, type StorageService } from "$proto/storage/storage_pb.ts";

/** Block devices that hold no installation: memory, loops, what is put together of others, media. */
const NO_DISK = /^(ram|zram|loop|dm-|md|sr|fd|nbd)/;
/** What the kernel counts sizes in, whatever the device's own blocks are. */
const SECTOR_BYTES = 512n;

/** The disks of the machine, for those who choose one to install to. */
export function storageService(root = "/sys/block"): ServiceImpl<typeof StorageService> {
  return {
    async disks() {
      const names = (await readdir(root)).filter((name) => !NO_DISK.test(name)).sort();
      return { messages: [{ disks: await Promise.all(names.map((name) => disk(root, name))) }] };
    },
  };
}

async function disk(root: string, name: string): Promise<MessageInitShape<typeof DiskSchema>> {
  const read = (path: string) =>
    readFile(`${root}/${name}/${path}`, "utf8").then((text) => text.trim(), () => "");
  const vital = () => readFile(`${root}/${name}/device/vpd_pg80`).catch(() => new Uint8Array());
  return {
    size: BigInt(await read("size") || 0) * SECTOR_BYTES,
    model: await read("device/model") || await read("device/name"),
    serial: await read("serial") || await read("device/serial") || vitalSerial(await vital()),
    deviceName: `/dev/${name.replaceAll("!", "/")}`,
  };
}

/** The serial number in page 0x80 of a SCSI disk's vital product data, behind a head of four bytes. */
function vitalSerial(page: Uint8Array): string {
  return new TextDecoder("latin1").decode(page.subarray(4)).replaceAll("\0", "").trim();
}
