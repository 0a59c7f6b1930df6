import { KernelLogReader } from "$ffi/kmsg.ts";
import type { FdPoller } from "$ffi/poller.ts";
import type { KmsgSource } from "./dmesg.ts";

/** The log of the kernel that runs. Reads never block; who waits is woken by `poller`. */
export function kernelLogSource(poller: FdPoller): KmsgSource {
  return {
    open() {
      const reader = new KernelLogReader();
      return {
        read: () => reader.read(),
        async ready(signal) {
          try {
            await reader.ready(poller, signal);
          } catch (error) {
            if (!signal.aborted) throw error;
          }
        },
        close: () => reader[Symbol.dispose](),
      };
    },
  };
}
