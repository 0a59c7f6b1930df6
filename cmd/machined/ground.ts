/**
 * What stands before the rest of machined is evaluated: the ground that service processes need, and
 * the first of them. Imports little: on a slow machine every module here is waited for.
 *
 * @module
 */
import type { KernelCmdline } from "$lib/cmdline/mod.ts";
import type { LaunchContext } from "$ffi/launcher.ts";
import { bindMount, mount, setPropagation, unmount } from "$ffi/mount.ts";
import { FdPoller } from "$ffi/poller.ts";
import { Reaper } from "$ffi/reaper.ts";
import { EarlyLauncher } from "./launch/early_launcher.ts";
import { serviceLauncher } from "./launch/launcher.ts";
import type { ServiceRole } from "./launch/rights.ts";
import type { Task } from "./sequences/engine.ts";
import { type Binder, setupSystemDirectory } from "./tasks/etc.ts";
import { mountCgroups, type Mounter } from "./tasks/filesystems.ts";
import { missingArguments } from "./tasks/kspp.ts";
import { once } from "./tasks/once.ts";
import type { Unmounter } from "./tasks/unmount.ts";
import type { Sharer } from "./tasks/var.ts";

/** The ground, for the sequence that shows what is done and the services that take over. */
export interface Ground {
  readonly mountCgroups: Task;
  readonly setupSystemDirectory: Task;
  readonly mounter: Mounter & Binder & Unmounter & Sharer;
  /** How processes are launched. */
  readonly launching: LaunchContext;
  readonly launcher: EarlyLauncher<ServiceRole>;
  readonly poller: FdPoller;
  readonly reaper: Reaper;
}

/** The processes that the API's first answer waits for, the one that takes longest first. */
const FIRST: readonly ServiceRole[] = ["networkd", "apid", "routerd"];

/**
 * Lays the ground and launches the first processes. With a command line that the boot refuses, or on
 * ground that gives way, nothing is launched: the sequence meets the same fault and says so.
 */
export async function layGround(cmdline: KernelCmdline): Promise<Ground> {
  const mounter = { mount, bindMount, unmount, setPropagation };
  const poller = new FdPoller();
  const reaper = new Reaper();
  const launching = { workerUrl: Deno.mainModule, poller, reaper };
  const ground: Ground = {
    mountCgroups: once(mountCgroups({ mounter })),
    setupSystemDirectory: once(setupSystemDirectory()),
    mounter,
    launching,
    launcher: new EarlyLauncher(serviceLauncher(launching)),
    poller,
    reaper,
  };
  if (missingArguments(cmdline).length > 0) return ground;
  const never = new AbortController().signal;
  const tasks = [ground.mountCgroups, ground.setupSystemDirectory];
  const done = await Promise.allSettled(tasks.map((task) => task.run(never)));
  if (done.every(({ status }) => status === "fulfilled")) await ground.launcher.ahead(...FIRST);
  return ground;
}
