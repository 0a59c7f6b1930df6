/** What the kernel and the disks themselves tell of every disk and partition. */
import { basename, dirname } from "node:path/posix";
import {
  ataIdentity,
  type DeviceFacts,
  FILESYSTEM_HEAD_BYTES,
  type FilesystemId,
  filesystemId,
  type GptPartition,
  idName,
  type Medium,
  openMedium,
  pathIds,
  readGpt,
} from "$lib/disk/mod.ts";
import { messageOf } from "$lib/service/mod.ts";

/** Where the kernel and its devices are; a test has its own. */
export interface DeviceRoots {
  readonly sys: string;
  readonly dev: string;
}

/** As udev's rules have them: device mapper and arrays have names of their own. */
const STORAGE = /^(loop|mmcblk|nvme|sd|sr|vd|xvd|nbd|pmem)/;
/** The kernel counts in these, whatever the disk does. */
const SECTOR_BYTES = 512;
/** A disk that does not answer must not keep the others from their links. */
const READ_LIMIT_MS = 30_000;

/** The facts of every device; what cannot be read of one is left out, and logged when it is a fault. */
export async function blockFacts(
  { sys, dev }: DeviceRoots,
  log: (line: string) => void,
): Promise<DeviceFacts[]> {
  const facts: DeviceFacts[] = [];
  const names = (await Array.fromAsync(Deno.readDir(`${sys}/class/block`))).map(({ name }) => name)
    .filter((name) => STORAGE.test(name)).sort();
  for (const name of names) {
    try {
      const device = new Device(name, sys, dev);
      if (await device.sizeBytes() > 0) facts.push(await device.facts(log));
    } catch (error) {
      // It may have gone while we looked.
      if (error instanceof Deno.errors.NotFound) continue;
      log(`Cannot look at disk ${name}: ${messageOf(error)}`);
    }
  }
  return facts;
}

/** One disk or partition. */
class Device {
  constructor(readonly name: string, readonly sys: string, readonly dev: string) {}

  async sizeBytes(): Promise<number> {
    return Number(await this.#fact("size")) * SECTOR_BYTES;
  }

  async facts(log: (line: string) => void): Promise<DeviceFacts> {
    const devpath = await Deno.realPath(`${this.sys}/class/block/${this.name}`);
    const number = await this.#fact("partition");
    const disk = number === "" ? this : new Device(basename(dirname(devpath)), this.sys, this.dev);
    const filesystem = await within(this.#filesystem()).catch((error: Error) => {
      log(`Cannot look at what is on ${this.name}: ${error.message}`);
    });
    const sequence = await this.#fact("diskseq");
    return {
      name: this.name,
      ids: await disk.#ids(),
      paths: await disk.#paths(devpath),
      ...(sequence === "" ? {} : { sequence }),
      ...(filesystem ? { filesystem } : {}),
      ...(number === "" ? {} : {
        partition: Number(number),
        ...await within(disk.#partition(Number(number))).catch(() => ({})),
      }),
    };
  }

  async #filesystem(): Promise<FilesystemId | undefined> {
    await using medium = await this.#open();
    return filesystemId(await medium.read(0, Math.min(FILESYSTEM_HEAD_BYTES, medium.sizeBytes)));
  }

  async #open(): Promise<Medium & AsyncDisposable> {
    return await openMedium(`${this.dev}/${this.name}`, {
      sizeBytes: await this.sizeBytes(),
      sectorBytes: Number(await this.#fact("queue/logical_block_size")) || SECTOR_BYTES,
    });
  }

  async #ids(): Promise<string[]> {
    if (this.name.startsWith("nvme")) return await this.#nvmeIds();
    if (this.name.startsWith("vd")) return named("virtio-", await this.#fact("serial"));
    if (!this.name.startsWith("sd")) return [];
    const ata = await this.#isAta() ? ataIdentity(await this.#bytes("device/vpd_pg89")) : undefined;
    if (ata) {
      const wwn = ata.wwn === undefined ? [] : [`wwn-0x${ata.wwn}`];
      return [...named("ata-", `${ata.model}_${ata.serial}`), ...wwn];
    }
    const naa = /^naa\.([0-9a-f]{16,32})$/.exec(await this.#fact("device/wwid"))?.[1];
    return naa === undefined ? [] : [`scsi-3${naa}`, `wwn-0x${naa}`];
  }

  async #nvmeIds(): Promise<string[]> {
    const [model, serial, wwid, namespace] = await Promise.all(
      ["device/model", "device/serial", "wwid", "nsid"].map((file) => this.#fact(file)),
    );
    const name = model && serial ? `${model}_${serial}` : "";
    return [
      ...named("nvme-", wwid ?? ""),
      ...named("nvme-", name),
      ...(name && namespace ? named("nvme-", `${name}_${namespace}`) : []),
    ];
  }

  async #paths(devpath: string): Promise<string[]> {
    const ata = /\/(ata\d+)\//.exec(devpath)?.[1];
    const port = ata && await this.#isAta()
      ? await fact(`${this.sys}/class/ata_port/${ata}/port_no`)
      : "";
    const namespace = await this.#fact("nsid");
    return pathIds(devpath, {
      ...(port ? { ataPort: port } : {}),
      ...(namespace ? { nvmeNamespace: namespace } : {}),
    });
  }

  async #isAta(): Promise<boolean> {
    return await this.#fact("device/vendor") === "ATA";
  }

  /** What the disk's partition table calls its partition. */
  async #partition(number: number): Promise<Pick<DeviceFacts, "partitionId" | "partitionName">> {
    await using medium = await this.#open();
    const table = await readGpt(medium).catch(() => undefined);
    const entry = table?.gpt.partitions.find((partition) => partition.number === number);
    return entry ? gptNames(entry) : table ? {} : mbrNames(await medium.read(0, 512), number);
  }

  #fact(file: string): Promise<string> {
    return fact(`${this.sys}/class/block/${this.name}/${file}`);
  }

  async #bytes(file: string): Promise<Uint8Array> {
    return await Deno.readFile(`${this.sys}/class/block/${this.name}/${file}`)
      .catch(() => new Uint8Array());
  }
}

/** A line of /sys, empty when there is none: most devices lack most of them. */
async function fact(path: string): Promise<string> {
  return (await Deno.readTextFile(path).catch(() => "")).trim();
}

function named(prefix: string, text: string): string[] {
  const name = idName(text);
  return name === "" ? [] : [prefix + name];
}

function gptNames({ id, name }: GptPartition) {
  return { partitionId: id, ...(name ? { partitionName: name } : {}) };
}

/** A partition of the older kind has the disk's signature and its number. */
function mbrNames(sector: Uint8Array, number: number): { partitionId?: string } {
  const signature = sector.slice(440, 444).reverse().toHex();
  if (sector[510] !== 0x55 || sector[511] !== 0xaa || signature === "00000000") return {};
  return { partitionId: `${signature}-${number.toString(16).padStart(2, "0")}` };
}

function within<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`it did not answer in ${READ_LIMIT_MS / 1_000} s`)),
    READ_LIMIT_MS,
  );
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
