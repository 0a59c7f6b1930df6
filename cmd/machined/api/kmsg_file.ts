import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { systemClock } from "$lib/service/mod.ts";
import type { KmsgReader, KmsgSource } from "./dmesg.ts";

/** The kernel takes no smaller buffer than its longest record. */
const RECORD_BYTES = 8192;

/**
 * The kernel log without a thread that waits in the kernel: reads never block, and a reader that waits
 * looks again every `pollMs` milliseconds.
 */
export function kmsgFile(path = "/dev/kmsg", pollMs = 200): KmsgSource {
  return {
    async open() {
      return new PolledKmsg(await open(path, constants.O_RDONLY | constants.O_NONBLOCK), pollMs);
    },
  };
}

class PolledKmsg implements KmsgReader {
  constructor(readonly handle: FileHandle, readonly pollMs: number) {}

  async read(): Promise<Uint8Array | undefined> {
    const buffer = new Uint8Array(RECORD_BYTES);
    try {
      const { bytesRead } = await this.handle.read(buffer, 0, RECORD_BYTES, null);
      return bytesRead > 0 ? buffer.subarray(0, bytesRead) : undefined;
    } catch (error) {
      if ((error as { code?: string }).code === "EAGAIN") return undefined;
      throw error;
    }
  }

  ready(signal: AbortSignal): Promise<void> {
    return systemClock.sleep(this.pollMs, signal);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
