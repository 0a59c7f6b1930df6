/**
 * The early stage: PID 1 of the initramfs. Loads the modules of the root, checks the signature over
 * the image's root hash, opens the root filesystem through dm-verity, moves into it and becomes
 * machined. Anything wrong stops the boot with one sentence that names the part.
 *
 * @module
 */
import { KernelCmdline, panicSeconds } from "$lib/cmdline/mod.ts";
import { roleCommand } from "$lib/role/mod.ts";
import { hasUefi } from "$ffi/efi_variable.ts";
import { execve } from "$ffi/exec.ts";
import { openConsole, say } from "./console.ts";
import { mountPseudo, switchRoot } from "./filesystems.ts";
import { openImage } from "./image.ts";
import { loadEarlyModules } from "./modules.ts";
import { countStart } from "./starts.ts";
import { stay, stop } from "./stop.ts";
import { armWatchdog } from "./watchdog.ts";

/** Where the new root is put together before it takes the place of the old one. */
const NEW_ROOT = "/root";

/** How long a machine waits whose disk starts nothing, minutes; it may be the power that failed each time. */
const WAIT_MINUTES = 15;
const NOTHING_COMES_UP =
  "boot stopped: no release on this disk came up, one was tried three times and the other once; " +
  `the machine stays here, and tries again in ${WAIT_MINUTES} minutes or when it is switched off and ` +
  "on. Start it from other media to install a release anew";

/** Brings the machine from the initramfs into the image; does not come back. */
export async function main(): Promise<void> {
  // Promises do not keep the event loop turning, and an empty loop is a kernel panic.
  setInterval(() => {}, 60_000);
  let cmdline = new KernelCmdline([]);
  try {
    mountPseudo();
    openConsole();
    cmdline = KernelCmdline.parse((await Deno.readTextFile("/proc/cmdline")).trim());
    const uefi = await hasUefi();
    loadEarlyModules({ afterWatchdog: armWatchdog, uefi });
    if (uefi && countStart() === "stay") {
      await stay(NOTHING_COMES_UP, WAIT_MINUTES * 60_000);
    }
    const manifest = await openImage({ cmdline, target: NEW_ROOT });
    say(`image ${manifest.version}, root hash ${manifest.verity.rootHash}`);
    switchRoot(NEW_ROOT);
    const { path, args, env } = roleCommand("machined");
    execve(path, [path, ...args], env);
  } catch (error) {
    await stop(error, panicSeconds(cmdline));
  }
}
