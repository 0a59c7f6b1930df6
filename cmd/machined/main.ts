/**
 * machined, PID 1 of a node: joins the parts and lives the machine's life. Decides nothing itself.
 *
 * @module
 */
import {
  hostname as kernelHostname,
  KernelCmdline,
  panicSeconds,
  shutdownMode,
} from "$lib/cmdline/mod.ts";
import { parseManifest } from "$lib/image/mod.ts";
import { EventRing, LogStore, ServiceManager, systemClock } from "$lib/service/mod.ts";
import { buildInfo } from "$lib/version/mod.ts";
import { loadModule } from "$ffi/module.ts";
import { bindMount, mount } from "$ffi/mount.ts";
import { kill } from "$ffi/process.ts";
import { Reaper } from "$ffi/reaper.ts";
import { reboot } from "$ffi/reboot.ts";
