/**
 * Loop devices: a file as a block device.
 *
 * @module
 */
import { isSyscallError } from "./errno.ts";
import { Fd, O } from "./fd.ts";

const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_CONFIGURE = 0x4c0a;
const LOOP_CLR_FD = 0x4c01;

/** Byte offsets in struct loop_config, and the flags of its loop_info64. */
export const LOOP_CONFIG = {
  size: 304,
  fd: 0,
  blockSize: 4,
  offset: 32,
  sizeLimit: 40,
  flags: 60,
  fileName: 64,
  fileNameSize: 64,
  READ_ONLY: 1,
  AUTOCLEAR: 4,
  DIRECT_IO: 16,
} as const;

/** How a file is shown; sizes in bytes, and no size limit means up to the end of the file. */
export interface LoopOptions {
  readOnly?: boolean;
  /** Detach by itself once the last user (a mount, this object) is gone. */
  autoclear?: boolean;
  /** Bypass the page cache of the file; not every filesystem can. */
  directIo?: boolean;
  offsetBytes?: number;
  sizeLimitBytes?: number;
  blockSizeBytes?: number;
}

/** An attached loop device, held open: with autoclear it lives until this and all mounts are gone. */
export class LoopDevice implements Disposable {
  readonly path: string;
  readonly #fd: Fd;

  constructor(path: string, fd: Fd) {
    this.path = path;
    this.#fd = fd;
  }

  /** Detaches the file, at once or, while it is in use, when the last user closes. */
  detach(): void {
    this.#fd.ioctl("LOOP_CLR_FD", LOOP_CLR_FD);
    this.close();
  }

  /** Lets go of the device; without autoclear the file stays attached. */
  close(): void {
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Attaches `file`, a path or an open descriptor, to a free loop device.
 * @throws {SyscallError} ENOENT without /dev/loop-control, EINVAL when direct I/O cannot be had.
 */
export function attachLoop(file: string | Fd, options: LoopOptions = {}): LoopDevice {
  const flags = options.readOnly ? O.RDONLY : O.RDWR;
  if (typeof file !== "string") return attach(file, flags, options);
  using opened = Fd.open(file, flags);
  return attach(opened, flags, options);
}

function attach(file: Fd, flags: number, options: LoopOptions): LoopDevice {
  using control = Fd.open("/dev/loop-control", O.RDWR);
  // Another process may take the number between the two calls.
  for (let attempt = 0;; attempt++) {
    const path = `/dev/loop${control.ioctl("LOOP_CTL_GET_FREE", LOOP_CTL_GET_FREE)}`;
    const device = Fd.open(path, flags);
    try {
      device.ioctl("LOOP_CONFIGURE", LOOP_CONFIGURE, loopConfig(file, options));
      return new LoopDevice(path, device);
    } catch (error) {
      device.close();
      if (!isSyscallError(error, "EBUSY") || attempt >= 16) throw error;
    }
  }
}

/** The struct loop_config for `file`. */
function loopConfig(file: Fd, options: LoopOptions): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(LOOP_CONFIG.size);
  const view = new DataView(bytes.buffer);
  view.setUint32(LOOP_CONFIG.fd, file.number, true);
  view.setUint32(LOOP_CONFIG.blockSize, options.blockSizeBytes ?? 0, true);
  view.setBigUint64(LOOP_CONFIG.offset, BigInt(options.offsetBytes ?? 0), true);
  view.setBigUint64(LOOP_CONFIG.sizeLimit, BigInt(options.sizeLimitBytes ?? 0), true);
  const flags = (options.readOnly ? LOOP_CONFIG.READ_ONLY : 0) |
    (options.autoclear ? LOOP_CONFIG.AUTOCLEAR : 0) |
    (options.directIo ? LOOP_CONFIG.DIRECT_IO : 0);
  view.setUint32(LOOP_CONFIG.flags, flags, true);
  // Only for losetup's eyes, and cut to leave a NUL.
  const name = new TextEncoder().encode(file.subject);
  bytes.set(name.subarray(0, LOOP_CONFIG.fileNameSize - 1), LOOP_CONFIG.fileName);
  return bytes;
}
