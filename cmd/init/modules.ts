/** Kernel modules of the early stage: what it takes to reach the root filesystem and a network. */
import { loadModule } from "$ffi/module.ts";

const DIRECTORY = "/lib/modules/early";

/** Options of single modules: a watchdog that is armed stays armed, whoever closes it. */
const OPTIONS: Readonly<Record<string, string>> = { "i6300esb.ko": "nowayout=1 heartbeat=60" };

/** What only machines that UEFI started can load. */
const OF_UEFI = "efivarfs.ko";

/**
 * Loads the modules in the order that the image lists, the watchdog's first; `afterWatchdog` runs as
 * soon as that one is there, so that whatever hangs later is ended by the hardware.
 *
 * @throws {SyscallError} with the module's file when the kernel refuses one
 */
export function loadEarlyModules(
  { afterWatchdog, uefi }: {
    readonly afterWatchdog: () => void;
    /** Whether the machine was started by UEFI. */
    readonly uefi: boolean;
  },
): void {
  const order: string[] = JSON.parse(Deno.readTextFileSync(`${DIRECTORY}/order.json`));
  let armed = false;
  for (const file of order) {
    if (!armed && !/watchdog|i6300esb/.test(file)) {
      afterWatchdog();
      armed = true;
    }
    if (file === OF_UEFI && !uefi) continue;
    loadModule(`${DIRECTORY}/${file}`, OPTIONS[file]);
  }
}
