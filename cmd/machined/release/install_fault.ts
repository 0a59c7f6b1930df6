/** What of `machine.install` this machine cannot do. */
import type { InstallConfig } from "./installer_arguments.ts";

/** What has to be known of the machine. */
export interface InstallFaultDeps {
  readonly hasUefi: () => Promise<boolean>;
  readonly hasSecureBoot: () => Promise<boolean>;
  readonly diskFault: (path: string, wipe: boolean) => Promise<string | undefined>;
}

/**
 * Why the kernel cannot be given `machine.install.extraKernelArgs`, if it cannot: firmware would not
 * let it have what is not signed.
 */
export async function argumentsFault(
  install: Partial<InstallConfig> | undefined,
  { hasSecureBoot }: Pick<InstallFaultDeps, "hasSecureBoot">,
): Promise<string | undefined> {
  if (!install?.extraKernelArgs?.length || !await hasSecureBoot()) return undefined;
  return "Cannot use machine.install.extraKernelArgs: with Secure Boot the kernel's arguments are " +
    "signed with the release; leave them out, and make an installer with a key of your own by " +
    "mkimage installer --extra-kernel-arg";
}

/** Why a machine that is to be installed cannot be, if it cannot. */
export async function installationFault(
  install: Partial<InstallConfig> | undefined,
  deps: InstallFaultDeps,
): Promise<string | undefined> {
  const { disk, wipe = false } = install ?? {};
  if (!disk) return undefined;
  const fault = await deps.hasUefi()
    ? await deps.diskFault(disk, wipe)
    : "this machine was not started by UEFI";
  return fault === undefined ? undefined : `Cannot install to ${disk}: ${fault}`;
}

/** Links that udevd keeps, which runs once the machine has a configuration. */
const LINKS = "/dev/disk/";

/**
 * Why a configuration is not taken for what it says of installations; `fresh` when the machine would be
 * installed with it. Without UEFI machines run from memory, whatever disk is named.
 */
export async function configurationFault(
  install: Partial<InstallConfig> | undefined,
  fresh: boolean,
  deps: InstallFaultDeps,
): Promise<string | undefined> {
  const fault = await argumentsFault(install, deps);
  if (fault !== undefined || !fresh || install?.disk?.startsWith(LINKS)) return fault;
  return await deps.hasUefi() ? await installationFault(install, deps) : undefined;
}
