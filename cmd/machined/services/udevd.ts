import { decodeUevent } from "$lib/codec/mod.ts";
import { inProcess, messageOf, type Service } from "$lib/service/mod.ts";
import type { DeviceLinks } from "../devices/device_links.ts";

/** What the kernel tells of devices; `$ffi/netlink.ts` fits it, given its poller. */
export interface UeventSocket extends Disposable {
  /** The next datagram. @throws the reason of `signal`, or that some were lost */
  receive(signal: AbortSignal): Promise<Uint8Array>;
}

/** What the service needs. */
export interface UdevdDeps {
  readonly open: () => UeventSocket;
  readonly links: DeviceLinks;
  readonly log: (line: string) => void;
}

/** A fault that lasts must not keep the thread. */
const FAULT_PAUSE_MS = 1_000;

/**
 * Keeps /dev/disk/by-*; the nodes themselves are the kernel's (devtmpfs). A part of this process: a
 * daemon of its own would cost tens of megabytes of memory, and udev's megabytes of the image. Healthy
 * once the links are as the last event left the disks.
 */
export function udevdService({ open, links, log }: UdevdDeps): Service {
  return {
    id: "udevd",
    run: inProcess(async (signal) => {
      using socket = open();
      links.wake();
      while (!signal.aborted) {
        try {
          if (isOfDisk(await socket.receive(signal))) links.wake();
        } catch (error) {
          if (signal.aborted) break;
          // Events were lost: what there is now is what counts.
          log(messageOf(error));
          links.wake();
          await new Promise((resume) => setTimeout(resume, FAULT_PAUSE_MS));
        }
      }
      await links.idle();
    }),
    health: {
      initialDelayMs: 100,
      startPeriodMs: 100,
      periodMs: 60_000,
      timeoutMs: 55_000,
      async check(signal) {
        while (!links.isSettled) {
          signal.throwIfAborted();
          await new Promise((resume) => setTimeout(resume, 50));
        }
      },
    },
  };
}

function isOfDisk(bytes: Uint8Array): boolean {
  try {
    return decodeUevent(bytes).subsystem === "block";
  } catch {
    return false;
  }
}
