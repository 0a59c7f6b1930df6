/**
 * The early stage of a release that is signed and whole but does not come up. The file /fault of its
 * initramfs says what goes wrong.
 *
 * @module
 */
import { KernelCmdline } from "$lib/cmdline/mod.ts";
import { roleCommand } from "$lib/role/mod.ts";
import { execve } from "$ffi/exec.ts";
import { bindMount } from "$ffi/mount.ts";
import { Watchdog } from "$ffi/watchdog.ts";
import { openConsole, say } from "../../../cmd/init/console.ts";
import { mountPseudo, switchRoot } from "../../../cmd/init/filesystems.ts";
import { openImage } from "../../../cmd/init/image.ts";
import { loadEarlyModules } from "../../../cmd/init/modules.ts";
import { countStart } from "../../../cmd/init/starts.ts";
import { armWatchdog } from "../../../cmd/init/watchdog.ts";

/** What can go wrong. */
export type Fault = "earlySpin" | "blockedLoop" | "noContainerd";

/** Where the new root is put together. */
const NEW_ROOT = "/root";
/** The program that blocks machined's loop, loaded by the runtime before machined. */
const BLOCK = "/run/block.js";
/** Long enough for machined to feed the watchdog for a while. */
const BLOCK_AFTER_MS = 20_000;

/** Goes the way of the ordinary early stage as far as the fault lets it. */
export async function main(): Promise<void> {
  const fault = (await Deno.readTextFile("/fault")) as Fault;
  mountPseudo();
  openConsole();
  const cmdline = KernelCmdline.parse((await Deno.readTextFile("/proc/cmdline")).trim());
  loadEarlyModules({ afterWatchdog: armWatchdog, uefi: true });
  countStart();
  if (fault === "earlySpin") spin();
  await openImage({ cmdline, target: NEW_ROOT });
  switchRoot(NEW_ROOT);
  const { path, args, env } = roleCommand("machined");
  if (fault === "noContainerd") bindMount("/dev/null", "/usr/bin/containerd");
  const preload = fault === "blockedLoop" ? [blocker()] : [];
  execve(path, [path, ...args.slice(0, 1), ...preload, ...args.slice(1)], env);
}

/** Nothing but the watchdog ends this; it is told to be quick about it. */
function spin(): never {
  {
    using watchdog = Watchdog.arm();
    watchdog.setTimeout(10);
  }
  say("the early stage spins on purpose");
  for (;;);
}

function blocker(): string {
  const line = "<6>[talos] machined's loop is blocked on purpose\\n";
  const block = `Deno.writeTextFileSync("/dev/kmsg", "${line}"); for (;;);`;
  Deno.writeTextFileSync(BLOCK, `setTimeout(() => { ${block} }, ${BLOCK_AFTER_MS});\n`);
  return `--preload=${BLOCK}`;
}
