/**
 * Device-mapper devices, first of all dm-verity: a read-only device that refuses changed blocks.
 *
 * @module
 */
import { Fd, O } from "./fd.ts";
import { textUntilNul } from "./memory.ts";

/** Byte offsets in struct dm_ioctl and struct dm_target_spec, and the flags we use. */
export const DM = {
  headerSize: 312,
  version: 0,
  dataSize: 12,
  dataStart: 16,
  targetCount: 20,
  openCount: 24,
  flags: 28,
  dev: 40,
  name: 48,
  nameSize: 128,
  targetSize: 40,
  targetStart: 0,
  targetLength: 8,
  targetStatus: 16,
  targetNext: 20,
  targetType: 24,
  targetTypeSize: 16,
  READONLY: 1,
  SUSPEND: 2,
  STATUS_TABLE: 16,
} as const;

/** ioctl requests on /dev/mapper/control: _IOWR(0xfd, n, struct dm_ioctl). */
export const DM_REQUESTS = {
  DM_DEV_CREATE: 0xc138fd03,
  DM_DEV_REMOVE: 0xc138fd04,
  DM_DEV_SUSPEND: 0xc138fd06,
  DM_DEV_STATUS: 0xc138fd07,
  DM_TABLE_LOAD: 0xc138fd09,
  DM_TABLE_STATUS: 0xc138fd0c,
} as const;

const CONTROL = "/dev/mapper/control";
const STATUS_BYTES = 16384;

/** One line of a table: `length` sectors of 512 bytes from `start`, made by target `type`. */
export interface DmTarget {
  start: bigint;
  length: bigint;
  type: string;
  params: string;
}

/** What the kernel says of a device. */
export interface DmInfo {
  path: string;
  minor: number;
  openCount: number;
  readOnly: boolean;
  suspended: boolean;
}

/** A named device-mapper device. */
export class DmDevice {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /** Makes an empty device. @throws {SyscallError} ENOENT without device mapper, EBUSY when taken. */
  static create(name: string, { readOnly = false }: { readOnly?: boolean } = {}): DmDevice {
    const device = new DmDevice(name);
    device.#call("DM_DEV_CREATE", dmRequest(name, { flags: readOnly ? DM.READONLY : 0 }));
    return device;
  }

  /** The device `name`, made before; calls on it throw ENXIO when there is none. */
  static named(name: string): DmDevice {
    return new DmDevice(name);
  }

  /** Loads `targets` as the table that the next resume() makes live. */
  load(targets: readonly DmTarget[], { readOnly = false }: { readOnly?: boolean } = {}): void {
    const flags = readOnly ? DM.READONLY : 0;
    this.#call("DM_TABLE_LOAD", dmRequest(this.name, { flags, targets }));
  }

  /** Lets input and output flow, through the loaded table if there is one. */
  resume(): void {
    this.#call("DM_DEV_SUSPEND", dmRequest(this.name));
  }

  /** Holds input and output back until resume(). */
  suspend(): void {
    this.#call("DM_DEV_SUSPEND", dmRequest(this.name, { flags: DM.SUSPEND }));
  }

  /** Where the device is and how it stands. */
  info(): DmInfo {
    return dmInfo(this.#call("DM_DEV_STATUS", dmRequest(this.name)));
  }

  /** The targets with their state as `params`; for verity "V" is sound and "C" corrupted. */
  status(): DmTarget[] {
    return dmTargets(this.#call("DM_TABLE_STATUS", dmRequest(this.name, { room: STATUS_BYTES })));
  }

  /** The targets with the parameters that were loaded. */
  table(): DmTarget[] {
    const request = dmRequest(this.name, { flags: DM.STATUS_TABLE, room: STATUS_BYTES });
    return dmTargets(this.#call("DM_TABLE_STATUS", request));
  }

  /** Takes the device away. @throws {SyscallError} EBUSY while it is open or mounted. */
  remove(): void {
    this.#call("DM_DEV_REMOVE", dmRequest(this.name));
  }

  #call(name: keyof typeof DM_REQUESTS, request: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
    using control = Fd.open(CONTROL, O.RDWR);
    control.ioctl(`${name} ${this.name}`, DM_REQUESTS[name], request);
    return new DataView(request.buffer);
  }
}

/** The bytes of a request: struct dm_ioctl, then `targets` or `room` bytes for the answer. */
export function dmRequest(
  name: string,
  { flags = 0, targets = [], room = 0 }: {
    flags?: number;
    targets?: readonly DmTarget[];
    room?: number;
  } = {},
): Uint8Array<ArrayBuffer> {
  const nameBytes = new TextEncoder().encode(name);
  if (nameBytes.length >= DM.nameSize) {
    throw new RangeError(`Cannot name device "${name}": longer than ${DM.nameSize - 1} bytes`);
  }
  const specs = targets.map(targetBytes);
  const size = DM.headerSize + room + specs.reduce((sum, spec) => sum + spec.length, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(DM.version, 4, true);
  view.setUint32(DM.dataSize, size, true);
  view.setUint32(DM.dataStart, DM.headerSize, true);
  view.setUint32(DM.targetCount, targets.length, true);
  view.setUint32(DM.flags, flags, true);
  bytes.set(nameBytes, DM.name);
  let offset: number = DM.headerSize;
  for (const spec of specs) {
    bytes.set(spec, offset);
    offset += spec.length;
  }
  return bytes;
}

/** struct dm_target_spec and its parameters; the kernel wants each at a multiple of 8 bytes. */
function targetBytes(target: DmTarget): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const params = encoder.encode(`${target.params}\0`);
  const type = encoder.encode(target.type);
  if (type.length >= DM.targetTypeSize) {
    throw new RangeError(`Cannot load target "${target.type}": its type is too long`);
  }
  const bytes = new Uint8Array(Math.ceil((DM.targetSize + params.length) / 8) * 8);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(DM.targetStart, target.start, true);
  view.setBigUint64(DM.targetLength, target.length, true);
  view.setUint32(DM.targetNext, bytes.length, true);
  bytes.set(type, DM.targetType);
  bytes.set(params, DM.targetSize);
  return bytes;
}

/** The targets in the answer of DM_TABLE_STATUS, where `next` counts from the start of the data. */
export function dmTargets(view: DataView<ArrayBuffer>): DmTarget[] {
  const count = view.getUint32(DM.targetCount, true);
  const dataStart = view.getUint32(DM.dataStart, true);
  const targets: DmTarget[] = [];
  let at = dataStart;
  for (let i = 0; i < count; i++) {
    const next = dataStart + view.getUint32(at + DM.targetNext, true);
    const text = (offset: number, end: number) =>
      textUntilNul(new Uint8Array(view.buffer.slice(offset, end)));
    targets.push({
      start: view.getBigUint64(at + DM.targetStart, true),
      length: view.getBigUint64(at + DM.targetLength, true),
      type: text(at + DM.targetType, at + DM.targetType + DM.targetTypeSize),
      params: text(at + DM.targetSize, next),
    });
    at = next;
  }
  return targets;
}

function dmInfo(view: DataView<ArrayBuffer>): DmInfo {
  const dev = view.getBigUint64(DM.dev, true);
  // huge_encode_dev: the minor's low byte, the major's 12 bits, then the rest of the minor.
  const minor = Number((dev & 0xffn) | ((dev >> 12n) & 0xfff00n));
  const flags = view.getUint32(DM.flags, true);
  return {
    path: `/dev/dm-${minor}`,
    minor,
    openCount: view.getInt32(DM.openCount, true),
    readOnly: (flags & DM.READONLY) !== 0,
    suspended: (flags & DM.SUSPEND) !== 0,
  };
}
