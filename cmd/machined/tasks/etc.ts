/** Files under /etc that change at run time: kept in /system/etc and bound over the read-only ones. */
import type { Task } from "../sequences/engine.ts";

/** What the tasks here need of the kernel; `$ffi/mount.ts` fits it. */
export interface Binder {
  bindMount(source: string, target: string, options?: { readonly flags: number }): void;
}

const SYSTEM_DIRECTORIES = [
  "/system/etc",
  "/system/run",
  "/system/var",
  "/system/state",
  "/system/secrets",
] as const;

/**
 * Makes the directories under /system. Services without root pass through /system/run to their
 * sockets, so that one can be entered, not listed; the others are closed.
 */
export function setupSystemDirectory(): Task {
  return {
    name: "setupSystemDirectory",
    async run() {
      await Deno.mkdir("/system", { recursive: true });
      await Deno.chmod("/system", 0o711);
      for (const path of SYSTEM_DIRECTORIES) {
        await Deno.mkdir(path, { recursive: true });
        await Deno.chmod(path, path === "/system/run" ? 0o711 : 0o700);
      }
    },
  };
}

const NETWORK_FILES: Readonly<Record<string, string>> = {
  hosts: "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
  "resolv.conf": "",
};

/** Writes first hosts and resolv.conf, owned by `owner`, and binds them over /etc. */
export function createEtcNetworkFiles(deps: { mounter: Binder; owner: number }): Task {
  return {
    name: "createEtcNetworkFiles",
    async run() {
      // The directory can be passed through: the files in it are what everyone reads in /etc.
      await Deno.chmod("/system/etc", 0o711);
      for (const [name, text] of Object.entries(NETWORK_FILES)) {
        await overlay(deps.mounter, name, text);
        await Deno.chown(`/system/etc/${name}`, deps.owner, deps.owner);
      }
    },
  };
}

/** Writes os-release with the running version and binds it over /etc. */
export function createOsReleaseFile(deps: { mounter: Binder; version: string }): Task {
  return {
    name: "createOSReleaseFile",
    run: () => overlay(deps.mounter, "os-release", osRelease(deps.version)),
  };
}

/**
 * Writes machine-id, by which Kubernetes tells machines apart, and binds it over /etc: the same at each
 * boot where the machine has a UUID.
 */
export function createMachineIdFile(deps: { mounter: Binder; uuid: string | undefined }): Task {
  return {
    name: "createMachineIDFile",
    run: async () =>
      await overlay(deps.mounter, "machine-id", await machineId(deps.uuid ?? crypto.randomUUID())),
  };
}

/** The text of machine-id(5) for the machine of this UUID, which is not to be seen in it. */
export async function machineId(uuid: string): Promise<string> {
  const bytes = new TextEncoder().encode(`machine-id ${uuid}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `${digest.subarray(0, 16).toHex()}\n`;
}

/** The text of os-release(5). */
export function osRelease(version: string): string {
  return [
    'NAME="Talos"',
    "ID=talos",
    `VERSION_ID=${version}`,
    `PRETTY_NAME="Talos (${version})"`,
    'HOME_URL="https://www.talos.dev/"',
    "",
  ].join("\n");
}

async function overlay(mounter: Binder, name: string, text: string): Promise<void> {
  const source = `/system/etc/${name}`;
  await Deno.writeTextFile(source, text);
  await Deno.chmod(source, 0o644);
  mounter.bindMount(source, `/etc/${name}`);
}
