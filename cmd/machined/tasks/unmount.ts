/** The end of what lies on /var: everything mounted from it goes before it is. */
import { parseMounts } from "$lib/procfs/mod.ts";
import type { Task } from "../sequences/engine.ts";
import { closeEncrypted } from "./encryption.ts";
import { OVERLAYS } from "./var.ts";

/** What unmounting needs; `$ffi/mount.ts` fits it. */
export interface Unmounter {
  unmount(target: string): void;
}

/** What the tasks here need. */
export interface UnmountDeps {
  readonly mounter: Unmounter;
  readonly log: (line: string) => void;
}

/** Unmounts the writable layers. */
export function unmountOverlayFilesystems(deps: UnmountDeps): Task {
  return {
    name: "unmountOverlayFilesystems",
    run: () => unmountAll(deps, (target) => OVERLAYS.some((overlay) => overlay === target)),
  };
}

/** Unmounts what pods and containers left below /var. */
export function unmountPodMounts(deps: UnmountDeps): Task {
  return {
    name: "unmountPodMounts",
    run: () => unmountAll(deps, (target) => target.startsWith("/var/")),
  };
}

/** Unmounts what shows files of /var in other places. */
export function unmountSystemDiskBindMounts(deps: UnmountDeps): Task {
  return {
    name: "unmountSystemDiskBindMounts",
    async run() {
      const mounts = parseMounts(await Deno.readTextFile("/proc/mounts"));
      const device = mounts.findLast(({ target }) => target === "/var")?.source;
      if (!device?.startsWith("/dev/")) return;
      await unmountAll(deps, (target, source) => source === device && target !== "/var");
    },
  };
}

/** Unmounts /var itself. */
export function unmountEphemeralPartition(deps: UnmountDeps): Task {
  return {
    name: "unmountEphemeralPartition",
    async run() {
      await unmountAll(deps, (target) => target === "/var");
      closeEncrypted("EPHEMERAL", deps.log);
    },
  };
}

/** Newest first, since later mounts lie on earlier ones; what is busy is logged and left to the end. */
export async function unmountAll(
  { mounter, log }: UnmountDeps,
  wanted: (target: string, source: string) => boolean,
): Promise<void> {
  const mounts = parseMounts(await Deno.readTextFile("/proc/mounts"));
  for (const { target, source } of mounts.toReversed()) {
    if (!wanted(target, source)) continue;
    try {
      mounter.unmount(target);
    } catch (error) {
      log(`Cannot unmount ${target}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
